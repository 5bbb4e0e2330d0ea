using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>What only a process of its own can show: signals, limits, the service manager's sockets, a fresh start.</summary>
internal sealed class ProcessScenarios
{
    private EchoEndpoint _endpoint = null!;

    [SetUp]
    public void Listen() => _endpoint = new EchoEndpoint('a');

    [TearDown]
    public void Close() => _endpoint.Dispose();

    [Test]
    public async Task SIGHUP_reloads_and_SIGTERM_ends_in_order()
    {
        using var lb = await LbProcess.StartAsync(_endpoint.Address);
        var (socket, _) = Open(lb.Address);
        lb.Reload();
        await lb.Manager.WaitForAsync("RELOADING=1");
        await lb.Manager.WaitForAsync("READY=1");
        socket.Send([7]);
        Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo(7));
        socket.Dispose();
        var (exitCode, errors) = await lb.StopAsync();
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors, Does.Contain("ready version=").And.Contain("stopped"));
        Assert.That(File.Exists(lb.ListenerPath), Is.False);
    }

    [Test]
    public async Task SIGUSR1_goes_on_in_a_new_log_file_after_the_old_one_was_moved_away()
    {
        using var lb = await LbProcess.StartAsync(_endpoint.Address);
        Open(lb.Address).Socket.Dispose();
        Assert.That(() => File.ReadAllLines(lb.AccessPath), Has.Length.EqualTo(1).After(10_000, 10));
        File.Move(lb.AccessPath, lb.AccessPath + ".1");
        lb.Reopen();
        Assert.That(() => File.Exists(lb.AccessPath), Is.True.After(10_000, 10));
        Open(lb.Address).Socket.Dispose();
        Assert.That(() => File.ReadAllLines(lb.AccessPath), Has.Length.EqualTo(1).After(10_000, 10));
        Assert.That(File.ReadAllLines(lb.AccessPath + ".1"), Has.Length.EqualTo(1));
        var (exitCode, errors) = await lb.StopAsync();
        Assert.That(exitCode, Is.Zero, errors);
    }

    [Test]
    public async Task Where_descriptors_run_out_connections_wait_and_are_served_when_some_are_free()
    {
        using var lb = await LbProcess.StartAsync(_endpoint.Address, lb => $"ulimit -n 400; exec {lb}");
        var open = new List<Socket>();
        var clients = Enumerable.Range(0, 200).Select(_ => Loopback.Connect(lb.Address)).ToList();
        foreach (var client in clients)
        {
            // The first ones are served, the others wait: none is refused.
            if (client.Poll(open.Count < 10 ? 5_000_000 : 100_000, SelectMode.SelectRead))
            {
                Assert.That(client.ReceiveExactly(1), Is.EqualTo("a"u8.ToArray()));
                open.Add(client);
            }
        }

        Assert.That(open, Has.Count.InRange(10, 180), "served at once");
        foreach (var client in clients)
        {
            if (!open.Contains(client))
            {
                Assert.That(client.ReceiveExactly(1), Is.EqualTo("a"u8.ToArray()));
            }

            client.Dispose();
        }

        var (exitCode, errors) = await lb.StopAsync();
        Assert.That(exitCode, Is.Zero, errors);
    }

    [Test]
    public async Task A_socket_of_the_service_manager_is_served()
    {
        // systemd-socket-activate binds, waits for the first connection, and starts the program with it.
        using var lb = LbProcess.Launch(_endpoint.Address, (lb, path) => $"exec systemd-socket-activate -E NOTIFY_SOCKET -l {path} {lb}");
        Socket? first = null;
        Assert.That(() => (first = TryConnect(lb.Address)) is not null, Is.True.After(Loopback.TimeoutMs, 10), "its socket listens a moment after its file is there");
        using var waited = first!;
        Assert.That(waited.ReceiveExactly(1), Is.EqualTo("a"u8.ToArray()));
        Open(lb.Address).Socket.Dispose();
        waited.Dispose();
        var (exitCode, errors) = await lb.StopAsync();
        Assert.That(exitCode, Is.Zero, errors);
    }

    /// <summary>A file is read by a thread that is less urgent than others, and whatever that starts is so too.</summary>
    [Test]
    public async Task No_thread_is_less_urgent_than_others_once_the_file_is_read()
    {
        using var lb = await LbProcess.StartAsync(_endpoint.Address);
        await lb.StatusAsync();
        Assert.That(KernelThread.Of(lb.Id).Select(thread => thread.Name), Has.Some.StartsWith(".NET TP"));
        Assert.That(KernelThread.LessUrgent(lb.Id), Is.Empty);
    }

    /// <summary>A prototype once stood still for a whole window in one run of fifty, for a cause that was not found.</summary>
    [Test]
    public async Task Fifty_fresh_processes_serve_without_a_stall()
    {
        await Parallel.ForAsync(0, 50, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (_, _) =>
        {
            using var lb = await LbProcess.StartAsync(_endpoint.Address);
            var message = Loopback.Pattern(100);
            var open = Enumerable.Range(0, 8).Select(_ => Open(lb.Address).Socket).ToList();
            for (var round = 0; round < 25; round++)
            {
                // A socket's own time-out is the assertion: no answer is ever late by that much.
                open.ForEach(socket => socket.Send(message));
                open.ForEach(socket => Assert.That(socket.ReceiveExactly(100).AsSpan().SequenceEqual(message)));
            }

            open.ForEach(socket => socket.Dispose());
            var (exitCode, errors) = await lb.StopAsync();
            Assert.That(exitCode, Is.Zero, errors);
        });
    }

    private static Socket? TryConnect(EndPoint address)
    {
        try
        {
            return Loopback.Connect(address);
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
