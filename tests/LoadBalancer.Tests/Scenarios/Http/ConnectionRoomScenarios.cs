using System.Net.Sockets;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tests;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What <c>max_connections</c> bounds on HTTP: connections, those that lie idle and those of other loops included.</summary>
internal sealed class ConnectionRoomScenarios
{
    private const int Clients = 8;
    private const int Requests = 20;

    [TestCase(1)]
    [TestCase(3)]
    public async Task Never_has_more_connections_than_may_be_and_no_loop_starves_because_of_idle_ones_of_another(int most)
    {
        var sockets = new HashSet<Socket>();
        var peak = 0;
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            lock (sockets)
            {
                sockets.Add(wire.Socket);
                peak = Math.Max(peak, sockets.Count(IsOpen));
            }

            wire.Respond("ok");
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, $", max_connections: {most}, pending_timeout: 20s, timeouts: {{pool_idle: 10m}}");
        await AskAllAsync(gateway);

        Assert.That(new[] { peak, (await gateway.LookAsync()).Idle }, Is.All.LessThanOrEqualTo(most));
        Assert.That(RoomOf(gateway).Open, Is.InRange(1, most));
        gateway.Settle();
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task Sessions_of_HTTP2_take_turns_where_there_are_fewer_than_loops(int most)
    {
        using var endpoint = new Http2Endpoint((wire, stream, _) => wire.Respond(stream, "ok"));
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up}", $"{{up: {{endpoints: \"{endpoint.Address}\", protocol: http2, max_connections: {most}, pending_timeout: 20s, timeouts: {{pool_idle: 10m}}}}}}");
        await AskAllAsync(gateway);
        Assert.That(RoomOf(gateway).Open, Is.InRange(1, most));
        gateway.Settle();
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Loops_that_are_full_do_not_end_each_others_sessions_and_each_has_one()
    {
        var slow = new List<(Http2Wire Wire, int Stream)>();
        using var endpoint = new Http2Endpoint(
            (wire, stream, fields) =>
            {
                if (fields.Contains(":path: /fast"))
                {
                    wire.Respond(stream, "fast");
                }
                else if (fields.Contains(":path: /slow"))
                {
                    lock (slow)
                    {
                        slow.Add((wire, stream));
                    }
                }
            },
            (SettingId.MaxConcurrentStreams, 50));
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up, limits: {streams: 250}}",
            $"{{up: {{endpoints: \"{endpoint.Address}\", protocol: http2, max_connections: 2, pending_timeout: 20s, timeouts: {{pool_idle: 10m, first_byte: 10m}}}}}}");

        // Each loop has a session, and on it a stream that stays.
        var clients = new List<Http2Wire>();
        do
        {
            clients.Add(gateway.Connect2());
            clients[^1].Agree();
            clients[^1].Get("/long");
            Assert.That(clients[^1].ReadResponse(clients[^1].Get("/fast")).Text, Is.EqualTo("fast"));
        }
        while (OpenOf(gateway).Contains(0) && clients.Count < 40);

        Assert.That(OpenOf(gateway), Is.All.EqualTo(1));

        // More than one session takes, all on one loop.
        using (var busy = gateway.Connect2())
        {
            busy.Agree();
            var streams = Enumerable.Range(0, 60).Select(_ => busy.Get("/slow")).ToList();
            Assert.That(() => gateway.Upstreams["up"].Pending.Count, Is.GreaterThanOrEqualTo(11).After(Loopback.TimeoutMs, 1));
            for (var answered = 0; answered < streams.Count;)
            {
                lock (slow)
                {
                    slow.ForEach(one => one.Wire.Respond(one.Stream, "slow"));
                    answered += slow.Count;
                    slow.Clear();
                }

                Thread.Yield();
            }

            streams.ForEach(stream => Assert.That(busy.ReadResponse(stream).Text, Is.EqualTo("slow")));
        }

        clients.ForEach(client => Assert.That(client.ReadResponse(client.Get("/fast")).Text, Is.EqualTo("fast")));
        Assert.That((endpoint.Connections, gateway.Upstreams["up"].Pending.Count), Is.EqualTo((2, 0)));
        clients.ForEach(client => client.Dispose());
        gateway.Settle();
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_long_stream_of_one_loop_is_no_outage_for_it_where_another_wants_the_only_connection()
    {
        using var endpoint = new Http2Endpoint((wire, stream, fields) =>
        {
            if (fields.Contains(":path: /fast"))
            {
                wire.Respond(stream, "fast");
            }
        });
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up}",
            $"{{up: {{endpoints: \"{endpoint.Address}\", protocol: http2, max_connections: 1, pending_timeout: 2s, timeouts: {{first_byte: 10m}}, health: {{passive: off}}}}}}");
        using (var holder = gateway.Connect2())
        {
            holder.Agree();
            holder.Get("/long");
            Assert.That(holder.ReadResponse(holder.Get("/fast")).Text, Is.EqualTo("fast"));
            var status = 200;
            for (var at = 0; at < 40 && status == 200; at++)
            {
                status = gateway.Get("/fast").Status;
                Assert.That(holder.ReadResponse(holder.Get("/fast")).Text, Is.EqualTo("fast"));
            }

            Assert.That(status, Is.EqualTo(503), "the loop without a connection");
        }

        Assert.That(endpoint.Connections, Is.EqualTo(1));
        gateway.Settle();
    }

    [Test]
    public async Task Who_waits_for_a_full_session_is_counted_bounded_and_served_by_importance()
    {
        using var goes = new SemaphoreSlim(0);
        using var endpoint = new Http2Endpoint(
            (wire, stream, fields) =>
            {
                Assert.That(goes.Wait(Loopback.TimeoutMs), Is.True);
                wire.Respond(stream, fields[2]);
            },
            (SettingId.MaxConcurrentStreams, 1));
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: /low, upstream: up, shed: low}, {path: /high, upstream: up, shed: high}, {upstream: up}]}",
            $"{{up: {{endpoints: \"{endpoint.Address}\", protocol: http2, max_connections: 1, max_pending: 2, pending_timeout: 1h}}}}", loops: 1);
        var pending = gateway.Upstreams["up"].Pending;
        var clients = Enumerable.Range(0, 5).Select(_ => gateway.Connect()).ToList();
        clients[0].Get("/");
        Assert.That(() => gateway.Upstreams["up"].View.All[0].Endpoint.Load.Active, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
        clients[1].Get("/low");
        Waits(1);
        clients[2].Get("/");
        Waits(2);
        LimitScenarios.IsProblem(clients[3].Get("/low").ReadResponse(), 503, "pending_overflow");
        clients[4].Get("/high");
        LimitScenarios.IsProblem(clients[1].ReadResponse(), 503, "pending_overflow");
        Assert.That((pending.Count, pending.Overflows), Is.EqualTo((2, 2L)));
        goes.Release(2);
        Assert.That(clients[4].ReadResponse().Text, Is.EqualTo(":path: /high"));
        goes.Release();
        Assert.That(clients[2].ReadResponse().Text, Is.EqualTo(":path: /"));
        Assert.That(clients[0].ReadResponse().Status, Is.EqualTo(200));
        clients.ForEach(client => client.Dispose());
        Assert.That((endpoint.Connections, pending.Count), Is.EqualTo((1, 0)));
        gateway.Settle();

        void Waits(int count) => Assert.That(() => pending.Count, Is.EqualTo(count).After(Loopback.TimeoutMs, 1));
    }

    [Test]
    public async Task Each_waits_for_a_full_session_for_its_own_time()
    {
        var time = new ManualTime();
        using var goes = new SemaphoreSlim(0);
        using var endpoint = new Http2Endpoint(
            (wire, stream, _) =>
            {
                Assert.That(goes.Wait(Loopback.TimeoutMs), Is.True);
                wire.Respond(stream, "ok");
            },
            (SettingId.MaxConcurrentStreams, 1));
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up}",
            $"{{up: {{endpoints: \"{endpoint.Address}\", protocol: http2, max_connections: 1, pending_timeout: 1s}}}}", loops: 1, time: time);
        var pending = gateway.Upstreams["up"].Pending;
        using (var first = gateway.Connect())
        using (var early = gateway.Connect())
        using (var late = gateway.Connect())
        {
            first.Get("/");
            Assert.That(() => gateway.Upstreams["up"].View.All[0].Endpoint.Load.Active, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            early.Get("/");
            Assert.That(() => pending.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            Pass(900);
            late.Get("/");
            Assert.That(() => pending.Count, Is.EqualTo(2).After(Loopback.TimeoutMs, 1));
            Pass(200);
            LimitScenarios.IsProblem(early.ReadResponse(), 503, "pending_timeout");
            Assert.That((pending.Count, pending.Timeouts), Is.EqualTo((1, 1L)));
            goes.Release(2);
            Assert.That(new[] { first.ReadResponse().Status, late.ReadResponse().Status }, Is.All.EqualTo(200));
        }

        gateway.Settle();

        void Pass(int milliseconds)
        {
            time.Advance(TimeSpan.FromMilliseconds(milliseconds));
            gateway.Loops.Loops[0].Wake();
        }
    }

    [Test]
    public async Task Another_endpoint_is_taken_where_the_one_that_was_picked_has_no_room()
    {
        using var came = new SemaphoreSlim(0);
        using var goes = new SemaphoreSlim(0);
        using var one = new Http2Endpoint(Answer, (SettingId.MaxConcurrentStreams, 1));
        using var other = new Http2Endpoint(Answer, (SettingId.MaxConcurrentStreams, 1));
        await using var gateway = await BareGateway.StartAsync(
            "{upstream: up}",
            $"{{up: {{endpoints: [\"{one.Address}\", \"{other.Address}\"], protocol: http2, max_connections: 1, pending_timeout: 1h}}}}", loops: 1);
        using (var slow = gateway.Connect())
        {
            slow.Get("/slow");
            // While its connection is opened nobody knows how many streams that takes, and others wait for it.
            Assert.That(came.Wait(Loopback.TimeoutMs), Is.True);
            for (var request = 0; request < 4; request++)
            {
                Assert.That(gateway.Get("/").Text, Is.EqualTo("ok"));
            }

            Assert.That(gateway.Upstreams["up"].Pending.Count, Is.Zero);
            goes.Release();
            Assert.That(slow.ReadResponse().Text, Is.EqualTo("ok"));
        }

        gateway.Settle();

        void Answer(Http2Wire wire, int stream, IReadOnlyList<string> fields)
        {
            if (fields.Contains(":path: /slow"))
            {
                came.Release();
                Assert.That(goes.Wait(Loopback.TimeoutMs), Is.True);
            }

            wire.Respond(stream, "ok");
        }
    }

    [Test]
    public async Task Who_waits_for_a_session_that_turns_out_to_be_full_goes_to_an_endpoint_that_has_room()
    {
        using var one = Loopback.Listen();
        using var other = Loopback.Listen();
        await using var gateway = await ToBothAsync(one, other, "1h");
        using (var early = gateway.Connect())
        using (var late = gateway.Connect())
        {
            early.Get("/");
            late.Get("/");
            Assert.That(() => gateway.Upstreams["up"].View.All.Max(endpoint => endpoint.Endpoint.Load.Active), Is.EqualTo(2).After(Loopback.TimeoutMs, 1));
            var picked = await PickedAsync(one, other);
            using var full = await OpenAsync(picked);
            using var free = await OpenAsync(picked == one ? other : one);
            foreach (var endpoint in new[] { full, free })
            {
                endpoint.Respond(endpoint.ReadRequest()!.Value.Stream, "ok");
            }

            Assert.That(new[] { early.ReadResponse().Text, late.ReadResponse().Text }, Is.All.EqualTo("ok"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Who_has_waited_for_a_full_session_in_vain_goes_to_an_endpoint_that_has_room_by_now()
    {
        var time = new ManualTime();
        using var one = Loopback.Listen();
        using var other = Loopback.Listen();
        await using var gateway = await ToBothAsync(one, other, "1s", time);
        using (var first = gateway.Connect())
        using (var second = gateway.Connect())
        using (var third = gateway.Connect())
        {
            first.Get("/");
            var picked = await PickedAsync(one, other);
            using var full = await OpenAsync(picked);
            var held = full.ReadRequest()!.Value.Stream;
            second.Get("/");
            using var free = await OpenAsync(picked == one ? other : one);
            var answered = free.ReadRequest()!.Value.Stream;
            third.Get("/");
            var pending = gateway.Upstreams["up"].Pending;
            Assert.That(() => pending.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
            free.Respond(answered, "ok");
            Assert.That(second.ReadResponse().Text, Is.EqualTo("ok"));
            time.Advance(TimeSpan.FromMilliseconds(1100));
            gateway.Loops.Loops[0].Wake();
            free.Respond(free.ReadRequest()!.Value.Stream, "late");
            Assert.That((third.ReadResponse().Text, pending.Count, pending.Timeouts), Is.EqualTo(("late", 0, 0L)));
            full.Respond(held, "ok");
            Assert.That(first.ReadResponse().Text, Is.EqualTo("ok"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_connect_that_fails_gives_its_room_back()
    {
        using var nobody = Loopback.Listen();
        var address = nobody.LocalEndPoint!;
        nobody.Dispose();
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{up: {{endpoints: \"{address}\", max_connections: 1, health: {{passive: off}}}}}}");
        for (var request = 0; request < 3; request++)
        {
            Assert.That(gateway.Get("/").Status, Is.EqualTo(502));
        }

        Assert.That(RoomOf(gateway).Open, Is.Zero);
        gateway.Settle();
    }

    // Every request is for the same endpoint, as long as that has room, and each may have one session.
    private static Task<BareGateway> ToBothAsync(Socket one, Socket other, string pendingTimeout, ManualTime? time = null) => BareGateway.StartAsync(
        "{upstream: up}",
        $"{{up: {{endpoints: [\"{one.LocalEndPoint}\", \"{other.LocalEndPoint}\"], protocol: http2, max_connections: 1, balance: hash, hash: {{max_load: off}}, "
            + $"pending_timeout: {pendingTimeout}}}}}",
        loops: 1, time: time);

    private static async Task<Socket> PickedAsync(params Socket[] listeners)
    {
        List<Socket> ready = [.. listeners];
        await Task.Run(() => Socket.Select(ready, null, null, TimeSpan.FromMilliseconds(Loopback.TimeoutMs)));
        return ready.Single();
    }

    // It takes one stream at a time.
    private static async Task<Http2Wire> OpenAsync(Socket listener)
    {
        var socket = (await PickedAsync(listener)).Accept();
        socket.ReceiveTimeout = socket.SendTimeout = Loopback.TimeoutMs;
        return Http2Wire.OfEndpoint(socket, (SettingId.MaxConcurrentStreams, 1));
    }

    private static async Task AskAllAsync(BareGateway gateway)
    {
        // Enough clients for either loop to have some.
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Factory.StartNew(
            () =>
            {
                using var client = gateway.Connect();
                for (var request = 0; request < Requests; request++)
                {
                    Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200));
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }

    private static List<int> OpenOf(BareGateway gateway) => [.. gateway.Engine.Loops.ToArray().Select(loop => loop.Upstreams.Open)];

    private static ConnectionRoom RoomOf(BareGateway gateway) =>
        gateway.Engine.Loops[0].Upstreams.Rooms.At(gateway.Upstreams["up"].View.All[0].Endpoint);

    // One that lb has closed before it opened the next has its end in its buffer.
    private static bool IsOpen(Socket socket)
    {
        try
        {
            return !(socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0);
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            return false;
        }
    }
}
