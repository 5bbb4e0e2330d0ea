using System.Net;
using System.Net.Sockets;
using LoadBalancer.Faults;
using LoadBalancer.Tcp;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Tcp;

internal sealed class RelayTests
{
    [TestCase(10)]
    [TestCase(20_000)]
    [TestCase(3_000_000)]
    public async Task The_clients_half_close_reaches_the_endpoint_after_every_byte_and_the_answer_still_comes(int size)
    {
        using var harness = new RelayHarness();
        var sent = Loopback.Pattern(size);
        var endpoint = Task.Run(() =>
        {
            var received = harness.Endpoint.ReceiveToEnd();
            harness.Endpoint.Send(received);
            harness.Endpoint.Shutdown(SocketShutdown.Send);
        });
        harness.Client.Send(sent);
        harness.Client.Shutdown(SocketShutdown.Send);
        Assert.That(harness.Client.ReceiveToEnd(), Is.EqualTo(sent));
        await endpoint;
        Assert.That(await harness.Ended(), Is.EqualTo(((long)size, (long)size, Fault.None)));
    }

    [TestCase(10)]
    [TestCase(20_000)]
    [TestCase(3_000_000)]
    public async Task The_endpoints_half_close_reaches_the_client_and_the_client_may_go_on(int size)
    {
        using var harness = new RelayHarness();
        var sent = Loopback.Pattern(size);
        var endpoint = Task.Run(() =>
        {
            harness.Endpoint.Send(sent);
            harness.Endpoint.Shutdown(SocketShutdown.Send);
            return harness.Endpoint.ReceiveToEnd();
        });
        Assert.That(harness.Client.ReceiveToEnd(), Is.EqualTo(sent));
        harness.Client.Send(sent);
        harness.Client.Shutdown(SocketShutdown.Send);
        Assert.That(await endpoint, Is.EqualTo(sent));
        Assert.That(await harness.Ended(), Is.EqualTo(((long)size, (long)size, Fault.None)));
    }

    [Test]
    public void What_follows_urgent_data_is_not_left_lying()
    {
        using var release = new ManualResetEventSlim();
        using var harness = new RelayHarness();
        harness.Loops.First.Post(_ => release.Wait(Loopback.TimeoutMs), null);
        harness.Client.Send("before"u8);
        harness.Client.Send("!"u8, SocketFlags.OutOfBand);
        harness.Client.Send("after"u8);
        release.Set();

        // A read stops at the urgent byte, which is no part of the stream (tcp(7), "Out of band data").
        Assert.That(harness.Endpoint.ReceiveExactly(11), Is.EqualTo("beforeafter"u8.ToArray()));
    }

    [TestCase(0)]
    [TestCase(10)]
    [TestCase(20_000)]
    public async Task A_reset_by_the_client_reaches_the_endpoint_as_a_reset(int before)
    {
        using var harness = new RelayHarness();
        if (before > 0)
        {
            harness.Client.Send(Loopback.Pattern(before));
            harness.Endpoint.ReceiveExactly(before);
        }

        harness.Client.Abort();
        Assert.That(harness.Endpoint.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Assert.That((await harness.Ended()).Fault, Is.EqualTo(new Fault(FaultSide.Client, FaultKind.Reset)));
    }

    [TestCase(0)]
    [TestCase(10)]
    [TestCase(20_000)]
    public async Task A_reset_by_the_endpoint_reaches_the_client_as_a_reset(int before)
    {
        using var harness = new RelayHarness();
        if (before > 0)
        {
            harness.Endpoint.Send(Loopback.Pattern(before));
            harness.Client.ReceiveExactly(before);
        }

        harness.Endpoint.Abort();
        Assert.That(harness.Client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Assert.That((await harness.Ended()).Fault, Is.EqualTo(new Fault(FaultSide.Upstream, FaultKind.Reset)));
    }

    [Test]
    public async Task A_reset_in_the_middle_of_a_transfer_is_a_reset_for_a_reader_who_is_slow()
    {
        using var harness = new RelayHarness();
        var endpoint = harness.Endpoint;
        endpoint.Blocking = false;
        FillTo(endpoint);
        endpoint.Abort();
        Assert.That(harness.Client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Assert.That((await harness.Ended()).Fault, Is.EqualTo(new Fault(FaultSide.Upstream, FaultKind.Reset)));
    }

    [Test]
    public async Task A_client_that_is_gone_is_not_kept_for_an_endpoint_that_does_not_read()
    {
        using var harness = new RelayHarness();
        harness.Client.Blocking = false;
        FillTo(harness.Client);
        harness.Client.Abort();
        Assert.That((await harness.Ended()).Fault, Is.EqualTo(new Fault(FaultSide.Client, FaultKind.Reset)));
        Assert.That(harness.Endpoint.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
    }

    [Test]
    public async Task What_an_endpoint_answered_before_it_refused_the_rest_reaches_the_client()
    {
        using var release = new ManualResetEventSlim();
        using var harness = new RelayHarness();
        var answer = Loopback.Pattern(5000);
        harness.Client.Send(Loopback.Pattern(10));
        harness.Endpoint.ReceiveExactly(5);

        // Closing with five bytes unread sends the answer, then RST; the relay hears of both at once.
        harness.Loops.First.Post(_ => release.Wait(Loopback.TimeoutMs), null);
        harness.Endpoint.Send(answer);
        harness.Endpoint.Close();
        release.Set();
        Assert.That(harness.Client.ReceiveExactly(answer.Length), Is.EqualTo(answer));
        Assert.That(harness.Client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        Assert.That((await harness.Ended()).Fault.Side, Is.EqualTo(FaultSide.Upstream));
    }

    [Test]
    public async Task Bytes_after_the_endpoint_finished_and_closed_are_nobodys_fault()
    {
        using var harness = new RelayHarness();
        harness.Endpoint.Send(Loopback.Pattern(10));
        harness.Endpoint.Close();
        Assert.That(harness.Client.ReceiveToEnd(), Has.Length.EqualTo(10));

        // The first byte draws the RST, a later one meets it.
        var ended = harness.Ended();
        try
        {
            while (!ended.IsCompleted)
            {
                harness.Client.Send(new byte[1]);
                harness.Client.Poll(1000, SelectMode.SelectError);
            }
        }
        catch (SocketException)
        {
            // The relay has closed our side too.
        }

        Assert.That((await ended).Fault, Is.EqualTo(Fault.None));
    }

    [Test]
    public async Task A_slow_reader_holds_back_the_writer_and_gets_every_byte()
    {
        using var harness = new RelayHarness();
        harness.Endpoint.Blocking = false;
        var pushed = FillTo(harness.Endpoint);
        harness.Endpoint.Blocking = true;
        harness.Endpoint.Shutdown(SocketShutdown.Send);
        harness.Client.Shutdown(SocketShutdown.Send);
        var received = await Task.Run(harness.Client.ReceiveToEnd);
        Assert.That(received, Has.Length.EqualTo(pushed));
        Assert.That(received, Is.All.EqualTo((byte)7));
        Assert.That(await harness.Ended(), Is.EqualTo((0L, (long)pushed, Fault.None)));
    }

    [Test]
    public async Task A_stream_in_full_flow_goes_through_a_pipe_and_arrives_in_order()
    {
        using var harness = new RelayHarness();
        var loop = harness.Loops.First;
        var sent = Loopback.Pattern(20_000_000);
        await FirstReadIsLarge(harness, sent);
        var sending = Task.Run(() => SendAll(harness.Endpoint, sent[EventLoop.ScratchBytes..]));
        Assert.That(await Task.Run(harness.Client.ReceiveToEnd), Is.EqualTo(sent));
        await sending;
        Assert.That(await harness.Loops.Run(() => (loop.Pipes.Made, loop.Pipes.Rented)), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task A_stream_that_gets_no_pipe_is_copied()
    {
        using var harness = new RelayHarness();
        var loop = harness.Loops.First;
        var taken = await harness.Loops.Run(() => Enumerable.Range(0, PipePool.MostRented).Select(_ => loop.Pipes.TryRent()!).ToList());
        var sent = Loopback.Pattern(3_000_000);
        var sending = Task.Run(() => SendAll(harness.Client, sent));
        Assert.That(await Task.Run(harness.Endpoint.ReceiveToEnd), Is.EqualTo(sent));
        await sending;
        await harness.Loops.Run(() => taken.ForEach(loop.Pipes.Return));
    }

    [Test]
    public async Task A_stream_to_a_unix_socket_is_copied()
    {
        using var folder = new TemporaryFolder();
        using var harness = new RelayHarness(endpointPath: folder["endpoint"]);
        var sent = Loopback.Pattern(3_000_000);
        var sending = Task.Run(() => SendAll(harness.Client, sent));
        Assert.That(await Task.Run(harness.Endpoint.ReceiveToEnd), Is.EqualTo(sent));
        await sending;
        Assert.That(await harness.Loops.Run(() => harness.Loops.First.Pipes.Made), Is.Zero);
    }

    [Test]
    public async Task Urgent_data_in_the_middle_of_a_stream_does_not_stop_it()
    {
        using var harness = new RelayHarness();
        var half = Loopback.Pattern(2_000_000);
        var sending = Task.Run(() =>
        {
            harness.Client.Send(half);
            harness.Client.Send("!"u8, SocketFlags.OutOfBand);
            SendAll(harness.Client, half);
        });
        Assert.That(await Task.Run(harness.Endpoint.ReceiveToEnd), Is.EqualTo(half.Concat(half)));
        await sending;
    }

    [Test]
    public async Task Between_two_that_do_not_read_it_holds_one_block_or_pipe_for_each_direction_and_gives_them_back([Values] bool piped)
    {
        var time = new ManualTime();
        using var harness = new RelayHarness(new TcpTimeouts { Idle = TimeSpan.FromSeconds(10) }, time);
        var loop = harness.Loops.First;
        var taken = await harness.Loops.Run(() => piped ? [] : Enumerable.Range(0, PipePool.MostRented).Select(_ => loop.Pipes.TryRent()!).ToList());
        harness.Client.Blocking = harness.Endpoint.Blocking = false;
        var pushed = await Task.WhenAll(Task.Run(() => FillTo(harness.Client)), Task.Run(() => FillTo(harness.Endpoint)));
        Assert.That(pushed, Is.All.GreaterThan(EventLoop.ScratchBytes), "both directions are full");
        Assert.That(
            await harness.Loops.Run(() => loop.Blocks.Rented + loop.LargeBlocks.Rented + loop.Pipes.Rented - taken.Count), Is.InRange(1, 2), "blocks and pipes");
        Assert.That(await harness.Loops.Run(() => loop.Pipes.Made), piped ? Is.InRange(1, 2) : Is.EqualTo(taken.Count), "pipes made");
        Assert.That((loop.Blocks.BlockBytes, loop.LargeBlocks.BlockBytes), Is.EqualTo((16 * 1024, EventLoop.LargeBlockBytes)));
        await harness.Loops.Run(() => taken.ForEach(loop.Pipes.Return));
        await Advance(harness, time, 11);
        Assert.That((await harness.Ended()).Fault.Kind, Is.EqualTo(FaultKind.IdleTimeout), "the end at which the harness counts");
    }

    [Test]
    public async Task One_that_has_much_to_send_lets_the_next_have_its_turn_after_the_byte_budget()
    {
        using var bulk = new RelayHarness();
        var reader = Task.Run(() => bulk.Endpoint.ReceiveToEnd().Length);
        var warm = Loopback.Pattern(16_000_000);
        bulk.Client.Send(warm);
        Assert.That(() => bulk.Metrics.ReceivedBytes, Is.EqualTo(warm.Length).After(Loopback.TimeoutMs, 1), "the kernel's buffers have grown");

        var seen = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var listener = EpollListener.Bind(bulk.Loops.Group.Loops, new IPEndPoint(IPAddress.Loopback, 0), new TestSink(connection =>
            connection.TryTakeSocket()!.Observe(new Told(() => seen.TrySetResult(bulk.Metrics.ReceivedBytes)))));
        listener.Start();
        using var small = Loopback.Connect(listener.Address);
        await bulk.Loops.Run(() => { });

        // While the loop is held, the one with much comes first, and then the one with a byte.
        using var held = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        bulk.Loops.First.Post(
            _ =>
            {
                held.Set();
                release.Wait(Loopback.TimeoutMs);
            },
            null);
        Assert.That(held.Wait(Loopback.TimeoutMs), Is.True);
        bulk.Client.Blocking = false;
        var pushed = FillTo(bulk.Client);
        Assert.That(pushed, Is.GreaterThan(2 * (EventLoop.PipedByteBudget + EventLoop.ScratchBytes)));
        small.Send([1]);
        release.Set();

        // The last read begins within the budget (a pipe's is the larger) and may take a whole buffer.
        Assert.That(await seen.Task.WaitAsync(TimeSpan.FromSeconds(20)) - warm.Length, Is.InRange(1, EventLoop.PipedByteBudget + EventLoop.ScratchBytes));

        bulk.Client.Blocking = true;
        bulk.Client.Shutdown(SocketShutdown.Send);
        Assert.That(await reader, Is.EqualTo(warm.Length + pushed));
        await listener.CloseAsync();
    }

    [Test]
    public void Bytes_are_counted_while_the_connection_is_open()
    {
        using var harness = new RelayHarness();
        harness.Client.Send(Loopback.Pattern(100));
        harness.Endpoint.ReceiveExactly(100);
        harness.Endpoint.Send(Loopback.Pattern(250));
        harness.Client.ReceiveExactly(250);
        Assert.That(() => (harness.Metrics.ReceivedBytes, harness.Metrics.SentBytes), Is.EqualTo((100L, 250L)).After(Loopback.TimeoutMs, 5));
    }

    [Test]
    public async Task Both_directions_at_once_carry_every_byte()
    {
        using var harness = new RelayHarness();
        var up = Loopback.Pattern(4_000_000);
        var down = Loopback.Pattern(5_000_000);
        var sends = Task.WhenAll(Task.Run(() => SendAll(harness.Client, up)), Task.Run(() => SendAll(harness.Endpoint, down)));
        var atEndpoint = Task.Run(harness.Endpoint.ReceiveToEnd);
        var atClient = Task.Run(harness.Client.ReceiveToEnd);
        await sends;
        Assert.That(await atEndpoint, Is.EqualTo(up));
        Assert.That(await atClient, Is.EqualTo(down));
    }

    [Test]
    public async Task A_silent_connection_is_closed_at_its_idle_timeout_and_traffic_puts_it_off()
    {
        var time = new ManualTime();
        using var harness = new RelayHarness(new TcpTimeouts { Idle = TimeSpan.FromSeconds(10) }, time);
        await Advance(harness, time, 9);
        harness.Client.Send([1]);
        harness.Endpoint.ReceiveExactly(1);
        await Advance(harness, time, 9);
        harness.Endpoint.Send([2]);
        harness.Client.ReceiveExactly(1);
        await Advance(harness, time, 11);
        Assert.That(harness.Client.ReceiveToEnd(), Is.Empty);
        Assert.That((await harness.Ended()).Fault, Is.EqualTo(new Fault(FaultSide.Client, FaultKind.IdleTimeout)));
    }

    [Test]
    public async Task A_half_closed_connection_ends_at_its_own_timeout_and_names_the_silent_side()
    {
        var time = new ManualTime();
        using var harness = new RelayHarness(new TcpTimeouts { HalfClosed = TimeSpan.FromSeconds(5) }, time);
        harness.Client.Shutdown(SocketShutdown.Send);
        Assert.That(harness.Endpoint.ReceiveToEnd(), Is.Empty);
        await Advance(harness, time, 6);
        Assert.That(harness.Client.ReceiveToEnd(), Is.Empty);
        Assert.That((await harness.Ended()).Fault, Is.EqualTo(new Fault(FaultSide.Upstream, FaultKind.HalfClosedTimeout)));
    }

    [TestCase(0)]
    [TestCase(10)]
    public async Task An_endpoint_that_hangs_up_without_a_byte_has_closed_early(int asked)
    {
        using var harness = new RelayHarness(time: new ManualTime());
        harness.Client.Send(new byte[asked]);
        harness.Endpoint.ReceiveExactly(asked);
        harness.Endpoint.Shutdown(SocketShutdown.Send);
        Assert.That(harness.Client.ReceiveToEnd(), Is.Empty);
        harness.Client.Shutdown(SocketShutdown.Send);

        Assert.That(await harness.Ended(), Is.EqualTo(((long)asked, 0L, new Fault(FaultSide.Upstream, FaultKind.EarlyClose))));
    }

    [Test]
    public async Task An_endpoint_that_hung_up_is_at_fault_also_where_the_client_then_resets()
    {
        using var harness = new RelayHarness(time: new ManualTime());
        harness.Endpoint.Shutdown(SocketShutdown.Send);
        Assert.That(harness.Client.ReceiveToEnd(), Is.Empty);
        harness.Client.Abort();

        Assert.That((await harness.Ended()).Fault, Is.EqualTo(new Fault(FaultSide.Upstream, FaultKind.EarlyClose)));
    }

    [TestCase(0)]
    [TestCase(10)]
    public async Task A_client_that_leaves_first_has_not_been_hung_up_on(int asked)
    {
        using var harness = new RelayHarness(time: new ManualTime());
        harness.Client.Send(new byte[asked]);
        harness.Client.Shutdown(SocketShutdown.Send);
        Assert.That(harness.Endpoint.ReceiveToEnd(), Has.Length.EqualTo(asked));
        harness.Endpoint.Shutdown(SocketShutdown.Send);

        Assert.That((await harness.Ended()).Fault, Is.EqualTo(Fault.None));
    }

    [Test]
    public async Task An_endpoint_that_has_said_a_byte_may_close_when_it_likes()
    {
        using var harness = new RelayHarness(time: new ManualTime());
        harness.Endpoint.Send("x"u8);
        harness.Endpoint.Shutdown(SocketShutdown.Send);
        Assert.That(harness.Client.ReceiveToEnd(), Has.Length.EqualTo(1));
        harness.Client.Shutdown(SocketShutdown.Send);

        Assert.That((await harness.Ended()).Fault, Is.EqualTo(Fault.None));
    }

    [Test]
    public async Task An_endpoint_that_loses_patience_with_a_silent_client_has_not_hung_up()
    {
        var time = new ManualTime();
        using var harness = new RelayHarness(time: time);
        harness.Client.Send(new byte[10]);
        harness.Endpoint.ReceiveExactly(10);
        await Advance(harness, time, seconds: 3);
        harness.Endpoint.Shutdown(SocketShutdown.Send);
        Assert.That(harness.Client.ReceiveToEnd(), Is.Empty);
        harness.Client.Shutdown(SocketShutdown.Send);

        Assert.That((await harness.Ended()).Fault, Is.EqualTo(Fault.None));
    }

    private static async Task Advance(RelayHarness harness, ManualTime time, int seconds)
    {
        // Once before, so that the loop has seen what was sent at the time at which it was sent.
        await harness.Loops.Run(() => { });
        time.Advance(TimeSpan.FromSeconds(seconds));
        await harness.Loops.Run(() => { });
        await harness.Loops.Run(() => { });
    }

    /// <summary>Sends until neither the relay nor the kernel takes more; gives the number of bytes.</summary>
    private static int FillTo(Socket socket)
    {
        var chunk = new byte[64 * 1024];
        Array.Fill(chunk, (byte)7);
        var pushed = 0;
        while (socket.Poll(300_000, SelectMode.SelectWrite))
        {
            pushed += socket.Send(chunk, 0, chunk.Length, SocketFlags.None, out var error);
            Assert.That(error, Is.AnyOf(SocketError.Success, SocketError.WouldBlock));
        }

        return pushed;
    }

    /// <summary>The endpoint sends as much as one read takes, and the loop looks at it only then.</summary>
    private static async Task FirstReadIsLarge(RelayHarness harness, byte[] bytes)
    {
        using var release = new ManualResetEventSlim();
        harness.Loops.First.Post(_ => release.Wait(Loopback.TimeoutMs), null);
        harness.Endpoint.Send(bytes, EventLoop.ScratchBytes, SocketFlags.None);
        release.Set();
        await harness.Loops.Run(() => { });
    }

    private sealed class Told(Action onReadable) : IReadinessObserver
    {
        public void OnReady(EpollSocket socket)
        {
            if (socket.IsReadable)
            {
                onReadable();
            }
        }

        public void OnUnhandledError(EpollSocket socket) => socket.Reset();
    }

    private static void SendAll(Socket socket, byte[] bytes)
    {
        socket.Send(bytes);
        socket.Shutdown(SocketShutdown.Send);
    }
}
