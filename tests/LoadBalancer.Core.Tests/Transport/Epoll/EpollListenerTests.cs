using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Transport.Epoll;

internal sealed class EpollListenerTests
{
    [Test]
    public async Task Accepts_on_every_loop_and_each_connection_on_the_loop_that_took_it()
    {
        using var loops = new TestLoops(2);
        var accepted = new BlockingCollection<(EpollConnection Connection, int Loop)>();
        var listener = Bind(loops, new IPEndPoint(IPAddress.Loopback, 0), connection => accepted.Add((connection, EventLoop.Current!.Index)));
        listener.Start();
        var clients = Enumerable.Range(0, 64).Select(_ => Loopback.Connect(listener.Address)).ToList();
        var taken = clients.Select(_ => Take(accepted)).ToList();
        Assert.That(taken.Select(each => each.Loop).Distinct(), Is.EquivalentTo(new[] { 0, 1 }));
        Assert.That(taken.Select(each => each.Connection.Loop.Index), Is.EqualTo(taken.Select(each => each.Loop)));
        Assert.That(taken.Select(each => each.Connection.RemoteEndPoint), Is.EquivalentTo(clients.Select(client => client.LocalEndPoint)));
        await Close(taken.Select(each => each.Connection), clients);
        await listener.CloseAsync();
    }

    [Test]
    public async Task While_paused_connections_wait_in_the_kernels_queue_and_are_served_afterwards()
    {
        using var loops = new TestLoops();
        var accepted = new BlockingCollection<EpollConnection>();
        var listener = Bind(loops, new IPEndPoint(IPAddress.Loopback, 0), accepted.Add);
        listener.Start();
        using var first = Loopback.Connect(listener.Address);
        var served = Take(accepted);
        listener.Pause();
        await loops.Run(() => { });
        using var second = Loopback.Connect(listener.Address);
        await loops.Run(() => { });
        Assert.That(accepted, Is.Empty);
        listener.Start();
        var waited = Take(accepted);
        Assert.That(waited.RemoteEndPoint, Is.EqualTo(second.LocalEndPoint));
        await Close([served, waited], []);
        await listener.CloseAsync();
    }

    /// <summary>Of both directions: one that lb took and one that it made.</summary>
    [Test]
    public async Task Of_a_silent_connection_the_kernel_asks_within_a_minute_whether_the_other_side_is_there()
    {
        const string KeepAliveTimer = "02";
        const int TicksInAMinute = 60 * 100;
        using var loops = new TestLoops();
        var accepted = new BlockingCollection<EpollConnection>();
        var listener = Bind(loops, new IPEndPoint(IPAddress.Loopback, 0), accepted.Add);
        listener.Start();
        var made = await loops.Run(() => ConnectAttempt.StartAsync(loops.First, listener.Address, TimeSpan.FromSeconds(20)));
        var taken = Take(accepted);
        var port = FormattableString.Invariant($":{((IPEndPoint)listener.Address).Port:X4}");
        await Assert.ThatAsync(TimersAsync, Has.Count.EqualTo(2).And.All.StartsWith(KeepAliveTimer).After(Loopback.TimeoutMs, 20));
        Assert.That((await TimersAsync()).Select(timer => Convert.ToInt32(timer[3..], 16)), Is.All.LessThanOrEqualTo(TicksInAMinute).And.All.GreaterThan(TicksInAMinute - 2_500));
        await loops.Run(() => made.Socket!.Close());
        await Close([taken], []);
        await listener.CloseAsync();

        // proc_net_tcp of the kernel's documentation: which timer, and its ticks of 10 ms, of what is established.
        async Task<IReadOnlyList<string>> TimersAsync() =>
            [.. (await File.ReadAllLinesAsync("/proc/net/tcp")).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(part => part[3] == "01" && (part[1].EndsWith(port, StringComparison.Ordinal) || part[2].EndsWith(port, StringComparison.Ordinal))).Select(part => part[5])];
    }

    [Test]
    public async Task A_unix_socket_is_served_by_all_loops_and_its_dead_file_is_replaced()
    {
        var path = Path.Combine(Path.GetTempPath(), $"lb-{Guid.NewGuid():N}.sock");
        var address = new UnixDomainSocketEndPoint(path);
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // A process that was killed leaves its file; the framework would remove it on Dispose, so it is bound under another name.
            dead.Bind(new UnixDomainSocketEndPoint(path + ".killed"));
            File.Move(path + ".killed", path);
        }

        using var loops = new TestLoops(2);
        var accepted = new BlockingCollection<EpollConnection>();
        var listener = Bind(loops, address, accepted.Add);
        listener.Start();
        using var client = Loopback.Connect(address);
        await Close([Take(accepted)], []);
        Assert.That(client.ReceiveToEnd(), Is.Empty);
        await listener.CloseAsync();
        Assert.That(File.Exists(path), Is.False, "the file goes with the listener");
    }

    [Test]
    public void An_address_in_use_is_an_error_that_says_so()
    {
        using var other = Loopback.Listen();
        using var loops = new TestLoops();
        var error = Assert.Throws<IOException>(() => Bind(loops, other.LocalEndPoint!, _ => { }));
        Assert.That(error!.Message, Is.EqualTo($"cannot listen on {other.LocalEndPoint}: the address is in use by another program"));
    }

    [Test]
    public async Task A_second_daemon_on_the_same_address_is_an_error_too()
    {
        using var loops = new TestLoops(2);
        var listener = Bind(loops, new IPEndPoint(IPAddress.Loopback, 0), _ => { });
        Assert.Throws<IOException>(() => Bind(loops, listener.Address, _ => { }));
        await listener.CloseAsync();
    }

    [Test]
    public async Task The_file_of_an_inherited_unix_socket_stays()
    {
        var path = Path.Combine(Path.GetTempPath(), $"lb-{Guid.NewGuid():N}.sock");
        using var loops = new TestLoops(2);
        var descriptor = SocketSetup.NewListening(new UnixDomainSocketEndPoint(path), shared: false);
        var listener = EpollListener.Inherit(loops.Group.Loops, descriptor, new TestSink(_ => { }));
        await listener.CloseAsync();
        Assert.That(File.Exists(path), "it belongs to the service manager");
        File.Delete(path);
    }

    [Test]
    public async Task A_socket_that_was_inherited_is_shared_by_all_loops()
    {
        using var loops = new TestLoops(2);
        var accepted = new BlockingCollection<EpollConnection>();
        var descriptor = SocketSetup.NewListening(new IPEndPoint(IPAddress.Loopback, 0), shared: false);
        var listener = EpollListener.Inherit(loops.Group.Loops, descriptor, new TestSink(accepted.Add));
        listener.Start();
        var clients = Enumerable.Range(0, 32).Select(_ => Loopback.Connect(listener.Address)).ToList();
        await Close(clients.Select(_ => Take(accepted)).ToList(), clients);
        await listener.CloseAsync();
        Assert.Throws<SocketException>(() => Loopback.Connect(listener.Address));
    }

    /// <summary>As in an upgrade, be it to fewer loops or to more; what was connected before belongs to whoever takes over.</summary>
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(4)]
    public async Task A_group_that_is_handed_over_loses_nobody_whatever_the_number_of_loops(int count)
    {
        using var before = new TestLoops(3);
        using var after = new TestLoops(count);
        var accepted = new BlockingCollection<EpollConnection>();
        var old = Bind(before, new IPEndPoint(IPAddress.Loopback, 0), _ => Assert.Fail("it has left"));
        var clients = Enumerable.Range(0, 40).Select(_ => Loopback.Connect(old.Address)).ToList();
        var (ours, theirs) = DescriptorChannel.Pair();
        using var sender = ours;
        using var receiver = DescriptorChannel.Inherited(theirs);
        Assert.That(sender.Send("listener", TimeSpan.FromSeconds(10), old.Descriptors), Is.True);
        Assert.That(receiver.Receive(TimeSpan.FromSeconds(10), out var descriptors, out _), Is.EqualTo("listener"));

        var inherited = new InheritedListeners();
        inherited.Add("listener", descriptors);
        Assert.That(inherited.Take("another", after.Group.Loops, new TestSink(accepted.Add)), Is.Null);
        var listener = inherited.Take("listener", after.Group.Loops, new TestSink(accepted.Add))!;
        listener.Start();
        await after.Run(() => { });
        Assert.That(accepted, Is.Empty, "it is not its turn yet");
        inherited.Open();
        await old.HandOverAsync();
        clients.AddRange(Enumerable.Range(0, 40).Select(_ => Loopback.Connect(listener.Address)));
        await Close(clients.Select(_ => Take(accepted)).ToList(), clients);
        await listener.CloseAsync();
        Assert.Throws<SocketException>(() => Loopback.Connect(listener.Address));
    }

    [Test]
    public async Task What_waits_when_it_closes_is_still_served()
    {
        using var loops = new TestLoops(2);
        var accepted = new BlockingCollection<EpollConnection>();
        var listener = Bind(loops, new IPEndPoint(IPAddress.Loopback, 0), accepted.Add);
        listener.Start();
        listener.Pause();
        listener.Start();
        var clients = Enumerable.Range(0, 32).Select(_ => Loopback.Connect(listener.Address)).ToList();
        await listener.CloseAsync();
        await Close(clients.Select(_ => Take(accepted)).ToList(), []);
        Assert.That(clients.Select(client => client.ReceiveToEnd().Length), Is.All.Zero);
        clients.ForEach(client => client.Dispose());
    }

    [Test]
    public async Task However_many_wait_when_it_closes_all_are_served()
    {
        using var loops = new TestLoops();
        var accepted = new BlockingCollection<EpollConnection>();
        var listener = Bind(loops, new IPEndPoint(IPAddress.Loopback, 0), accepted.Add);
        List<Socket> clients = [];
        await loops.Run(() =>
        {
            // The loop is held, so that they are all still waiting when it is told to close.
            clients.AddRange(Enumerable.Range(0, 200).Select(_ => Loopback.Connect(listener.Address)));
            listener.Start();
            _ = listener.CloseAsync();
        });
        await Close(clients.Select(_ => Take(accepted)).ToList(), clients);
    }

    [Test]
    public async Task One_that_was_never_started_hands_over_nobody_when_it_closes()
    {
        using var loops = new TestLoops();
        var accepted = new BlockingCollection<EpollConnection>();
        var listener = Bind(loops, new IPEndPoint(IPAddress.Loopback, 0), accepted.Add);
        using var client = Loopback.Connect(listener.Address);
        await listener.CloseAsync();
        Assert.That(accepted, Is.Empty);
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
    }

    [Test]
    public async Task The_file_of_a_unix_socket_that_was_inherited_stays()
    {
        using var folder = new TemporaryFolder();
        var address = new UnixDomainSocketEndPoint(folder["activated.sock"]);
        using var loops = new TestLoops();
        var descriptor = SocketSetup.NewListening(address, shared: false);
        var listener = EpollListener.Inherit(loops.Group.Loops, descriptor, new TestSink(_ => { }));
        await listener.CloseAsync();
        Assert.That(File.Exists(folder["activated.sock"]), Is.True, "whoever bound it still listens there");
    }

    [Test]
    public void An_empty_file_in_the_way_of_a_unix_socket_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["precious"], "");
        using var loops = new TestLoops();
        Assert.Throws<IOException>(() => Bind(loops, new UnixDomainSocketEndPoint(folder["precious"]), _ => { }));
        Assert.That(File.Exists(folder["precious"]), Is.True);
    }

    [Test]
    public async Task An_exception_in_a_handler_loses_one_connection_and_nothing_else()
    {
        using var loops = new TestLoops();
        var accepted = new BlockingCollection<EpollConnection>();
        var calls = 0;
        var listener = Bind(loops, new IPEndPoint(IPAddress.Loopback, 0), connection =>
        {
            if (calls++ == 0)
            {
                connection.Abort();
                throw new InvalidOperationException("a handler's bug");
            }

            accepted.Add(connection);
        });
        listener.Start();
        using var first = Loopback.Connect(listener.Address);
        using var second = Loopback.Connect(listener.Address);
        await Close([Take(accepted)], []);
        Assert.That(loops.Escaped.TryDequeue(out _), Is.True);
        await listener.CloseAsync();
    }

    [Test]
    public async Task An_exception_while_a_connection_is_served_resets_it_and_leaves_the_others()
    {
        using var loops = new TestLoops();
        var accepted = new BlockingCollection<EpollConnection>();
        var listener = Bind(loops, new IPEndPoint(IPAddress.Loopback, 0), accepted.Add);
        listener.Start();
        using var broken = Loopback.Connect(listener.Address);
        var first = Take(accepted);
        using var other = Loopback.Connect(listener.Address);
        var second = Take(accepted);
        await loops.Run(() => first.TryTakeSocket()!.Observe(new Thrower()));
        broken.Send([1]);
        Assert.That(broken.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Assert.That(() => loops.Escaped.TryDequeue(out var error) ? error.Message : null, Is.EqualTo("a bug").After(Loopback.TimeoutMs, 1), "told after the reset");
        other.Send([2]);
        var received = new byte[1];
        Assert.That(() => loops.Run(() => second.TryTakeSocket()!.Receive(received)).Result, Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        await Close([first, second], []);
        await listener.CloseAsync();
    }

    private static EpollListener Bind(TestLoops loops, EndPoint address, Action<EpollConnection> onAccepted) =>
        EpollListener.Bind(loops.Group.Loops, address, new TestSink(onAccepted));

    private static T Take<T>(BlockingCollection<T> queue) =>
        queue.TryTake(out var item, Loopback.TimeoutMs) ? item : throw new TimeoutException("nothing was accepted");

    private static async Task Close(IEnumerable<EpollConnection> connections, IEnumerable<Socket> clients)
    {
        foreach (var connection in connections)
        {
            await connection.Loop.RunAsync(_ => connection.Close(), null);
        }

        foreach (var client in clients)
        {
            client.Dispose();
        }
    }

    private sealed class Thrower : IReadinessObserver
    {
        public void OnReady(EpollSocket socket) => throw new InvalidOperationException("a bug");

        public void OnUnhandledError(EpollSocket socket) => socket.Reset();
    }
}
