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

        daemon.Orders.OrderStop();
        await daemon.Manager.WaitForAsync("STOPPING=1");
        Assert.That((await daemon.GetAsync("/readyz")).Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Open(address).Socket.Dispose();

        Assert.That(() => Loopback.Connect(address).Dispose(), Throws.InstanceOf<SocketException>().After(20_000, 20), "still accepting");
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

    private static Task<DaemonHarness> StartAsync(EchoEndpoint endpoint, string process) => DaemonHarness.StartAsync(
        $$"""
        listeners: {{Listener("all")}}
        upstreams: {all: {endpoints: ["{{endpoint.Address}}"]} }
        """,
        process);
}
