using System.Net.Sockets;
using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>More of the bad than is usual; afterwards everything is as it was before.</summary>
internal sealed class FloodScenarios
{
    private const int Workers = 4;
    private const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private const string Agreed = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    [Test]
    public async Task Connections_dropped_at_every_stage_of_a_request_leave_nothing_behind()
    {
        const int Count = 20_000;
        var big = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + new string('x', 100_000));
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            if (request["Upgrade"] is not null)
            {
                wire.Send(Agreed);
                wire.Send(wire.ReadBytes(1));
                throw new OperationCanceledException();
            }

            if (request.FirstLine.Contains("/big", StringComparison.Ordinal))
            {
                wire.Send(big);
            }
            else
            {
                wire.Respond("ok");
            }
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, ", timeouts: {pool_idle: 500ms}, health: {passive: off}");
        Parallel.For(0, Workers, new ParallelOptions { MaxDegreeOfParallelism = Workers }, worker =>
        {
            var chance = new Random(worker);
            var open = new Queue<HttpWire>();
            for (var at = 0; at < Count / Workers; at++)
            {
                var wire = gateway.Connect();
                try
                {
                    Begin(wire, chance.Next(12));
                }
                catch (SocketException)
                {
                    // lb was faster to close.
                }

                open.Enqueue(wire);
                if (open.Count > 20)
                {
                    End(open.Dequeue(), chance.Next(3));
                }
            }

            foreach (var wire in open)
            {
                wire.Socket.Abort();
            }
        });

        Assert.That(gateway.Get("/").Status, Is.EqualTo(200));
        gateway.SettleAll();
    }

    [Test]
    public async Task D1_four_thousand_slow_heads_hold_up_nobody_and_hold_little_memory()
    {
        const int Slow = 4_000;
        const int Good = 1_000;
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await BareGateway.ToAsync(endpoint, ", timeouts: {pool_idle: 500ms}", ", timeouts: {head: 10m}");
        using (var good = gateway.Connect())
        {
            Serve(good, Good);
            var (turns, events) = Work();
            Serve(good, Good);
            (turns, events) = Since(turns, events);
            var memory = GC.GetTotalMemory(forceFullCollection: true);
            var slow = new List<Socket>(Slow);
            for (var at = 0; at < Slow; at++)
            {
                slow.Add(Loopback.Connect(gateway.Address));
                slow[at].Send("GET / HTTP/1.1\r\nHost: test\r\nCookie: 0123456789012345678901234567890123456789\r\nX-Slow: "u8);
            }

            Assert.That(() => Buffers().Small, Is.EqualTo(Slow).After(Loopback.TimeoutMs, 5), "each head in a small buffer");
            Assert.That(Buffers().Others, Is.Zero);
            Assert.That((GC.GetTotalMemory(forceFullCollection: true) - memory) / Slow, Is.LessThan(6 * 1024), "bytes for each, the test's own sockets included");

            // What a request of others costs its loop does not depend on how many are slow: those who send nothing are not looked at, and
            // those who send a byte are looked at once. So nobody waits for them, whatever the speed of this machine is.
            var (turnsWith, eventsWith) = Work();
            Serve(good, Good);
            (turnsWith, eventsWith) = Since(turnsWith, eventsWith);
            Assert.That((turnsWith, eventsWith), Is.LessThan((turns * 2, events * 2)).Using<(long Turns, long Events)>(Both), "turns and events of the loops, with slow heads and without");
            var (turnsDribbled, eventsDribbled) = Work();
            for (var at = 0; at < Good; at++)
            {
                slow[at * 7 % Slow].Send("x"u8);
                Serve(good, 1);
            }

            (turnsDribbled, eventsDribbled) = Since(turnsDribbled, eventsDribbled);
            Assert.That((turnsDribbled, eventsDribbled), Is.LessThan(((turns * 2) + (Good * 2), (events * 2) + (Good * 2))).Using<(long Turns, long Events)>(Both), "the same while they dribble");
            Assert.That(Buffers(), Is.EqualTo((Slow, 0)));
            slow.ForEach(each => each.Dispose());
        }

        gateway.SettleAll();

        static void Serve(HttpWire client, int count)
        {
            for (var at = 0; at < count; at++)
            {
                Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200));
            }
        }

        (int Small, int Others) Buffers() => gateway.LookAsync().Result is var inside ? (inside.Small, inside.Rented) : default;

        (long Turns, long Events) Work() => (gateway.Loops.Loops.ToArray().Sum(loop => loop.Turns), gateway.Loops.Loops.ToArray().Sum(loop => loop.Meter.Events));

        (long Turns, long Events) Since(long turns, long events) => (Work().Turns - turns, Work().Events - events);

        static int Both((long Turns, long Events) seen, (long Turns, long Events) most) => seen.Turns < most.Turns && seen.Events < most.Events ? -1 : 1;
    }

    [Test]
    public async Task D1_slow_heads_are_told_so_when_their_time_is_over_though_they_sent_a_byte_now_and_then()
    {
        const int Slow = 400;
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await BareGateway.ToAsync(endpoint, ", timeouts: {pool_idle: 500ms}", ", timeouts: {head: 1s}");
        var slow = Enumerable.Range(0, Slow).Select(_ => gateway.Connect().Send("GET / HTTP/1.1\r\nHost: test\r\nX-Slow: ")).ToList();
        while (!slow[0].Socket.Poll(20_000, SelectMode.SelectRead))
        {
            slow[0].Send("x");
        }

        slow.ForEach(each => LimitScenarios.IsProblem(each.ReadResponse(), 408, "head_timeout"));
        gateway.SettleAll();
        slow.ForEach(each => each.Dispose());
    }

    [Test]
    public async Task A_flood_of_requests_for_what_is_not_there_makes_no_series_and_keeps_no_memory()
    {
        const int Each = 3_000;
        await using var gateway = await HttpGateway.StartAsync("{routes: [{path: /, respond: {status: 200}}]}", "{}");
        Flood(0);
        var series = await SeriesAsync();
        GC.Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        Flood(1);
        Flood(2);
        var after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.That(await SeriesAsync(), Is.EqualTo(series));
        Assert.That(after - before, Is.LessThan(2_000_000), "bytes that are kept");

        void Flood(int round)
        {
            using var client = gateway.Connect();
            for (var at = 0; at < Each; at++)
            {
                Assert.That(client.Send($"X{round}{at} /{round}/{at}?q={at} HTTP/1.1\r\nHost: h{round}-{at}.test\r\nX-{round}-{at}: {at}\r\nX-Forwarded-For: 10.{round}.{at % 250}.1\r\nUser-Agent: {at}\r\n\r\n").ReadResponse().Status, Is.EqualTo(404));
            }
        }

        async Task<int> SeriesAsync() => (await gateway.Daemon.GetAsync("/metrics")).Text.Split('\n').Count(line => line.Length > 0 && line[0] != '#');
    }

    [Test]
    public async Task Without_a_descriptor_what_is_open_is_served_on_and_the_rest_waits_or_is_told_so()
    {
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            // So long that none is free for the next: each at the same time needs a connection of its own.
            wire.Socket.Poll(request.FirstLine.Contains("/slow", StringComparison.Ordinal) ? 300_000 : 0, SelectMode.SelectError);
            wire.Respond("ok");
        });
        using var lb = await LbProcess.StartAsync(endpoint.Address, tcp: true, loops: "1", layer: "http");
        var open = Enumerable.Range(0, 10).Select(_ => new HttpWire(Loopback.Connect(lb.Address))).ToList();
        open.ForEach(wire => Assert.That(wire.Get("/").ReadResponse().Status, Is.EqualTo(200)));
        await lb.TurnsAsync();
        await lb.LimitDescriptorsAsync(more: 40);
        HttpWire waiting;
        while (true)
        {
            waiting = new HttpWire(Loopback.Connect(lb.Address)).Get("/");
            if (!waiting.Socket.Poll(1_000_000, SelectMode.SelectRead))
            {
                break;
            }

            Assert.That(waiting.ReadResponse().Status, Is.EqualTo(200));
            open.Add(waiting);
            Assert.That(open, Has.Count.LessThan(60), $"served without a descriptor; {lb.Condition}");
        }

        for (var at = 0; at < 20; at++)
        {
            Assert.That(open[at % open.Count].Get("/").ReadResponse().Status, Is.EqualTo(200), "what is open is served on");
        }

        // All at once: more connections to the endpoint than there are descriptors for.
        open.ForEach(wire => wire.Get("/slow"));
        var answers = open.Select(wire => wire.ReadResponse()).ToList();
        Assert.That(answers.Select(answer => answer.Status).Distinct(), Is.SubsetOf(new[] { 200, 503 }), lb.Condition);
        Assert.That(answers.Count(answer => answer.Status == 200), Is.Positive);
        foreach (var refused in answers.Where(answer => answer.Status == 503))
        {
            LimitScenarios.IsProblem(refused, 503, "out_of_resources");
        }

        await lb.LimitDescriptorsAsync(more: 500);
        Assert.That(waiting.ReadResponse().Status, Is.EqualTo(200), "accepting goes on");
        open.ForEach(wire => wire.Dispose());
        waiting.Dispose();
        var (exitCode, errors) = await lb.StopAsync();
        Assert.That(exitCode, Is.Zero, errors);
    }

    private static void Begin(HttpWire wire, int how)
    {
        switch (how)
        {
            case 0:
                wire.Send("GET / HT");
                break;
            case 1:
                wire.Send("GET / HTTP/1.1\r\nHost: test\r\nX:");
                wire.Socket.Shutdown(SocketShutdown.Send);
                break;
            case 2:
                wire.Get("/");
                break;
            case 3:
                wire.Get("/");
                wire.Socket.Shutdown(SocketShutdown.Send);
                break;
            case 4:
                wire.Get("/");
                wire.Socket.Receive(new byte[10]);
                break;
            case 5:
                wire.Get("/big");
                wire.Socket.Receive(new byte[1000]);
                break;
            case 6:
                wire.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 50000\r\n\r\n");
                wire.Send(new byte[20_000]);
                break;
            case 7:
                wire.Send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe");
                break;
            case 8:
                wire.Get("/", Agree);
                wire.Socket.Receive(new byte[20]);
                break;
            case 9:
                wire.Send("GET / HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\nGET /");
                break;
            case 10:
                wire.Send("nonsense\r\n\r\n" + new string('x', 1000));
                break;
        }
    }

    private static void End(HttpWire wire, int how)
    {
        if (how == 0)
        {
            wire.Socket.Abort();
        }
        else
        {
            wire.Dispose();
        }
    }
}
