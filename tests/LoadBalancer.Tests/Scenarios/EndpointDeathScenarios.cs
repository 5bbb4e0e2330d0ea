using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>What clients see of an endpoint that is killed (-9), and of upstreams that are down as a whole.</summary>
internal sealed class EndpointDeathScenarios
{
    [Test]
    public async Task Killed_under_load_it_takes_its_own_open_connections_with_it_and_no_other()
    {
        using var a = new EndpointProcess(EndpointProcess.Echo);
        using var b = new EchoEndpoint('b');

        // Never ejected: each connection whose turn the dead endpoint is has to find the other by itself.
        await using var daemon = await DaemonHarness.StartAsync($$"""
            listeners: {{Listener("all")}}
            upstreams: {all: {endpoints: ["{{a.Address}}", "{{b.Address}}"], health: {passive: {failures: 10000} } } }
            """);
        var address = await daemon.AddressOfAsync("all");
        var open = Enumerable.Range(0, 20).Select(_ => Open(address)).ToList();
        Assert.That(open.Count(each => each.Name == 'a'), Is.EqualTo(10));
        using var load = new ConnectionLoad(address, workers: 3);
        load.AwaitMore(100);
        a.Kill();
        load.NextPhase();
        load.AwaitMore(200);
        var (served, failed) = load.Stop();

        // One that was on its way into the endpoint's queue when it died is reset with it, before it heard a name.
        Assert.That(failed.Where(each => each.Phase == 1 || each.Name == 'b'), Is.Empty);
        Assert.That(served.Keys, Is.SupersetOf(new[] { (0, 'a'), (0, 'b'), (1, 'b') }));
        Assert.That(served.Keys, Has.None.EqualTo((1, 'a')));
        foreach (var (socket, name) in open)
        {
            if (name == 'b')
            {
                socket.Send([7]);
                Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo(7), "another endpoint's connection");
            }
            else
            {
                Assert.That(() => Ends(socket), Is.True, "a connection of the dead endpoint");
            }

            socket.Dispose();
        }

        await daemon.UntilAsync(status => status.GetProperty("listeners")[0].GetProperty("active_connections").GetInt32() == 0, "nothing is left open");
        Assert.That(Endpoint(await daemon.StatusAsync(), a.Address).GetProperty("active_connections").GetInt32(), Is.Zero);
    }

    /// <summary>The kernel ends a killed program's connection with FIN where it had read everything, and with RST where it had not.</summary>
    [Test]
    public async Task What_it_sent_before_it_was_killed_arrives_or_the_client_sees_a_reset([Values(10, 20_000, 3_000_000)] int bytes, [Values] bool unread)
    {
        using var endpoint = new EndpointProcess($"read go; head -c {bytes} /dev/zero; kill -9 $$");
        await using var daemon = await DaemonHarness.StartAsync($"""
            listeners: {Listener("all")}
            upstreams: {Upstream(endpoint.Address)}
            """);
        using var client = Loopback.Connect(await daemon.AddressOfAsync("all"));
        client.Send(Encoding.ASCII.GetBytes(unread ? "go\nnobody reads this" : "go\n"));
        if (unread)
        {
            Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        }
        else
        {
            Assert.That(client.ReceiveToEnd(), Has.Length.EqualTo(bytes));
        }
    }

    [Test]
    public async Task When_all_were_down_and_are_back_it_serves_again_without_a_restart()
    {
        var a = new EchoEndpoint('a');
        var b = new EchoEndpoint('b');
        await using var daemon = await DaemonHarness.StartAsync($$"""
            listeners: {{Listener("all")}}
            upstreams:
              all:
                endpoints: ["{{a.Address}}", "{{b.Address}}"]
                health: {active: {interval: 100ms, unhealthy_after: 1, healthy_after: 1}, passive: {failures: 1, eject_for: 200ms, max_ejected: 100%}, panic: off}
            """);
        var address = await daemon.AddressOfAsync("all");
        using var load = new ConnectionLoad(address, workers: 2);
        load.AwaitMore(20);
        a.Dispose();
        b.Dispose();
        await daemon.UntilAsync(status => Rejected(status) > 0, "no endpoint is left");
        using var client = Loopback.Connect(address);
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        using var againA = new EchoEndpoint('a', a.Address);
        using var againB = new EchoEndpoint('b', b.Address);
        await daemon.UntilAsync(
            status => new[] { a, b }.All(each => Endpoint(status, each.Address).GetProperty("state").GetString() == "available"), "both are available again");
        load.NextPhase();
        load.AwaitMore(100);
        var (served, failed) = load.Stop();
        Assert.That(failed.Where(each => each.Phase == 1), Is.Empty);
        Assert.That(served.Keys, Is.SupersetOf(new[] { (1, 'a'), (1, 'b') }));

        static int Rejected(System.Text.Json.JsonElement status) =>
            status.GetProperty("listeners")[0].GetProperty("rejected").GetProperty("no_endpoint").GetInt32();
    }

    private static string Upstream(params EndPoint[] endpoints) =>
        $$"""{all: {endpoints: [{{string.Join(", ", endpoints.Select(each => $"\"{each}\""))}}]} }""";

    private static bool Ends(Socket socket)
    {
        try
        {
            return socket.ReceiveToEnd().Length == 0;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionReset;
        }
    }
}
