using System.Net;
using System.Net.Sockets;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>How a daemon ends, end to end.</summary>
internal sealed class ShutdownScenarios
{
    [Test]
    public async Task It_is_found_unready_first_then_accepts_no_more_then_waits_for_what_is_open()
    {
        using var a = new EchoEndpoint('a');
        await using var daemon = await StartAsync(a, "shutdown: {unready_for: 2s, drain: 30s}\n");
        var address = await daemon.AddressOfAsync("all");
        var (socket, _) = Open(address);
        Assert.That(await daemon.GetAsync("/readyz"), Is.EqualTo((HttpStatusCode.OK, "ready\n")));

        var ordered = TimeProvider.System.GetTimestamp();
        daemon.Orders.OrderStop();
        await daemon.Manager.WaitForAsync("STOPPING=1");
        Assert.That((await daemon.GetAsync("/readyz")).Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));

        // Trap 5: whoever probes has that long to look elsewhere, and every client until then is served.
        while (TryOpen(address))
        {
            Assert.That(TimeProvider.System.GetElapsedTime(ordered), Is.LessThan(TimeSpan.FromSeconds(30)), "still accepting");
            await Loopback.PauseAsync();
        }

        Assert.That(TimeProvider.System.GetElapsedTime(ordered), Is.GreaterThan(TimeSpan.FromSeconds(2)), "refused before its time was over");
        socket.Send([7]);
        Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo(7));
        Assert.That(daemon.Running.IsCompleted, Is.False, "ended before the open connection");
        socket.Dispose();
        Assert.That(await daemon.Running.WaitAsync(TimeSpan.FromSeconds(20)), Is.EqualTo(ExitCode.Success));
    }

    [Test]
    public async Task What_is_open_at_the_deadline_is_closed()
    {
        using var a = new EchoEndpoint('a');
        await using var daemon = await StartAsync(a, "shutdown: {unready_for: 0s, drain: 300ms}\n");
        var (socket, _) = Open(await daemon.AddressOfAsync("all"));
        daemon.Orders.OrderStop();
        Assert.That(socket.ReceiveToEnd(), Is.Empty);
        Assert.That(await daemon.Running.WaitAsync(TimeSpan.FromSeconds(20)), Is.EqualTo(ExitCode.Success));
        socket.Dispose();
    }

    [Test]
    public async Task A_second_order_ends_it_at_once()
    {
        using var a = new EchoEndpoint('a');
        await using var daemon = await StartAsync(a, "shutdown: {unready_for: 10m, drain: 10m}\n");
        var (socket, _) = Open(await daemon.AddressOfAsync("all"));
        daemon.Orders.OrderStop();
        await daemon.Manager.WaitForAsync("STOPPING=1");
        daemon.Orders.OrderStop();
        Assert.That(await daemon.Running.WaitAsync(TimeSpan.FromSeconds(20)), Is.EqualTo(ExitCode.Success));
        Assert.That(socket.ReceiveToEnd(), Is.Empty);
        socket.Dispose();
    }

    [Test]
    public async Task A_connect_without_an_answer_does_not_hold_up_an_end_at_once()
    {
        using var full = new FullBacklog();
        await using var daemon = await DaemonHarness.StartAsync(
            $$"""
            listeners: {{Listener("all")}}
            upstreams: {all: {endpoints: ["{{full.Address}}"], timeouts: {connect: 5m}, health: {active: off} } }
            """,
            "shutdown: {unready_for: 0s, drain: 10m}\n");
        using var socket = Loopback.Connect(await daemon.AddressOfAsync("all"));
        daemon.Orders.OrderHurry();
        Assert.That(await daemon.Running.WaitAsync(TimeSpan.FromSeconds(20)), Is.EqualTo(ExitCode.Success));
    }

    [Test]
    public async Task What_is_open_on_a_listener_that_a_reload_removed_has_its_time_too()
    {
        using var a = new EchoEndpoint('a');
        var kept = $$"""
            upstreams: {all: {endpoints: ["{{a.Address}}"]} }
            listeners:
              all: {bind: "127.0.0.1:0", tcp: {upstream: all} }

            """;
        await using var daemon = await DaemonHarness.StartAsync(
            kept + "  gone: {bind: \"127.0.0.1:0\", tcp: {upstream: all} }\n", "shutdown: {unready_for: 0s, drain: 10m}\n");
        var (socket, _) = Open(await daemon.AddressOfAsync("gone"));
        await daemon.ReloadAsync(kept);

        daemon.Orders.OrderStop();
        Assert.ThrowsAsync<TimeoutException>(() => daemon.Running.WaitAsync(TimeSpan.FromSeconds(2)), "ended before the open connection");
        socket.Send([7]);
        Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo(7));
        daemon.Orders.OrderHurry();
        Assert.That(await daemon.Running.WaitAsync(TimeSpan.FromSeconds(20)), Is.EqualTo(ExitCode.Success));
        Assert.That(socket.ReceiveToEnd(), Is.Empty);
        socket.Dispose();
    }

    [Test]
    public async Task What_goes_to_an_endpoint_that_a_reload_removed_has_its_time_and_is_closed_and_the_rest_lives_on()
    {
        using var a = new EchoEndpoint('a');
        using var b = new EchoEndpoint('b');
        await using var daemon = await DaemonHarness.StartAsync(With(a, b), "shutdown: {unready_for: 0s, drain: 2s}\n");
        var address = await daemon.AddressOfAsync("all");
        var open = Enumerable.Range(0, 4).Select(_ => Open(address)).ToList();
        await daemon.ReloadAsync(With(b));
        foreach (var (socket, _) in open)
        {
            socket.Send([7]);
            Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo(7), "for as long as a drain lasts");
        }

        foreach (var (socket, _) in open.Where(each => each.Name == 'a'))
        {
            Assert.That(socket.ReceiveToEnd(), Is.Empty);
        }

        foreach (var (socket, _) in open.Where(each => each.Name == 'b'))
        {
            socket.Send([8]);
            Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo(8), "what the reload left alone");
        }

        Assert.That(open.Select(each => each.Name), Is.EquivalentTo("aabb"));
        open.ForEach(each => each.Socket.Dispose());

        static string With(params EchoEndpoint[] endpoints) => $$"""
            listeners: {{Listener("all")}}
            upstreams: {all: {balance: round_robin, endpoints: [{{string.Join(", ", endpoints.Select(each => $"\"{each.Address}\""))}}]} }
            """;
    }

    /// <summary>One who is let in, and whose endpoint is asked for only after the reload: at once another, where there is one; then none.</summary>
    [Test]
    public async Task Who_is_on_his_way_when_a_reload_takes_his_endpoint_away_gets_another_or_none()
    {
        using var a = new EchoEndpoint('a');
        using var b = new EchoEndpoint('b');
        await using var daemon = await DaemonHarness.StartAsync(With(a, "1s"), "shutdown: {unready_for: 0s, drain: 1s}\n");
        var (alike, changed) = (await daemon.AddressOfAsync("alike"), await daemon.AddressOfAsync("changed"));
        using var late = Loopback.Connect(alike);
        using var later = Loopback.Connect(changed);
        using var open = Loopback.Connect(changed);
        open.Send([1]);
        Assert.That(open.ReceiveExactly(2), Is.EqualTo(new[] { (byte)'a', (byte)1 }));
        await daemon.UntilAsync(
            status => status.GetProperty("listeners").EnumerateArray().Sum(each => each.GetProperty("active_connections").GetInt64()) == 3, "all are in");
        await daemon.ReloadAsync(With(b, "2s"));

        late.Send([1]);
        Assert.That((char)late.ReceiveExactly(1)[0], Is.EqualTo('b'), "the upstream is the same but for the endpoint");
        Assert.That(open.ReceiveToEnd(), Is.Empty, "the drain is over");
        later.Send([1]);
        Assert.That(Received(later), Is.Zero, "nobody is let to it any more");

        // What is no TLS says so with its first byte.
        static string With(EchoEndpoint endpoint, string connect) => $$"""
            listeners:
              alike: {bind: "127.0.0.1:0", tcp: {sni: {x.example: alike}, otherwise: alike}, timeouts: {preamble: 60s} }
              changed: {bind: "127.0.0.1:0", tcp: {sni: {x.example: changed}, otherwise: changed}, timeouts: {preamble: 60s} }
            upstreams:
              alike: {endpoints: ["{{endpoint.Address}}"], health: {active: off} }
              changed: {endpoints: ["{{endpoint.Address}}"], health: {active: off}, timeouts: {connect: {{connect}}} }
            """;
    }

    /// <summary>A list that is read again by a reload holds for those who are connected too; who is on none of them stays.</summary>
    [Test]
    public async Task Who_is_denied_by_a_reload_has_the_time_of_a_drain_and_the_others_stay()
    {
        using var a = new EchoEndpoint('a');
        await using var daemon = await DaemonHarness.StartAsync(With(""), "shutdown: {unready_for: 0s, drain: 1s}\n");
        var address = await daemon.AddressOfAsync("all");
        using var stays = Loopback.Connect(address, IPAddress.Parse("127.0.0.1"));
        using var denied = Loopback.Connect(address, IPAddress.Parse("127.0.0.9"));
        Assert.That(new[] { stays.ReceiveExactly(1)[0], denied.ReceiveExactly(1)[0] }, Is.All.EqualTo((byte)'a'));
        await daemon.ReloadAsync(With(", deny_ips: [127.0.0.9], max_connections: 100"));
        Assert.That(Received(denied), Is.Zero);
        stays.Send([7]);
        Assert.That(stays.ReceiveExactly(1)[0], Is.EqualTo(7));

        string With(string more) => $$"""
            listeners: {all: {bind: "127.0.0.1:0", tcp: {upstream: all}{{more}} } }
            upstreams: {all: {endpoints: ["{{a.Address}}"]} }
            """;
    }

    // A client in the kernel's queue at the very end is refused as well.
    private static bool TryOpen(EndPoint address)
    {
        try
        {
            using var socket = Loopback.Connect(address);
            return socket.Receive(new byte[1]) == 1;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // Nothing, be it by an end in order or by a reset.
    private static int Received(Socket socket)
    {
        try
        {
            return socket.Receive(new byte[1]);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    private static Task<DaemonHarness> StartAsync(EchoEndpoint endpoint, string process) => DaemonHarness.StartAsync(
        $$"""
        listeners: {{Listener("all")}}
        upstreams: {all: {endpoints: ["{{endpoint.Address}}"]} }
        """,
        process);
}
