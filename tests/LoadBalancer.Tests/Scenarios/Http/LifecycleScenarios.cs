using System.Runtime.CompilerServices;
using System.Text;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Reloads, ends and deaths while requests are under way.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class LifecycleScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    private const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    [Test]
    public async Task A_hundred_reloads_under_load_cost_no_request()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var load = new HttpLoad(gateway.Address, workers: 4, posts: 3))
        {
            for (var at = 0; at < 100; at++)
            {
                await gateway.ReloadAsync($"{{routes: [{{path: \"/*\", upstream: up}}, {{path: /{at}, upstream: up}}]}}", $"{{{HttpGateway.Upstream("up", $", max_connections: {1000 + at}", endpoint)}}}");
                load.AwaitMore(5);
            }

            Assert.That(load.Stop(), Is.Empty);
        }

        gateway.Settle();
    }

    [Test]
    public async Task A_change_of_routes_is_in_force_with_the_next_request_of_an_open_connection()
    {
        await using var gateway = await BareGateway.StartAsync("{routes: [{path: /, respond: {status: 200, body: before}}]}", "{}");
        using var client = gateway.Connect();
        Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("before"));
        await gateway.ReloadAsync("{routes: [{path: /, respond: {status: 200, body: after}}]}", "{}");
        Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("after"));
    }

    [Test]
    public async Task Trap_1_websockets_and_event_streams_live_on_through_reloads()
    {
        const int Each = 20;
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            wire.Send(request["Upgrade"] is null ? "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 10000000\r\n\r\n" : WebSocketAnswer.To(request));
            while (true)
            {
                // What an event stream sends is asked for on another connection; here it is enough that both go on.
                if (request["Upgrade"] is not null)
                {
                    wire.Send(wire.ReadBytes(4));
                }
                else
                {
                    wire.Send("data: x\n\n");
                    wire.Socket.Poll(5_000, System.Net.Sockets.SelectMode.SelectError);
                }
            }
        });
        await using var gateway = await BareGateway.ToAsync(endpoint, http: ", defaults: {timeout: 1s}");
        var chats = Enumerable.Range(0, Each).Select(_ => gateway.Connect()).ToList();
        var streams = Enumerable.Range(0, Each).Select(_ => gateway.Connect()).ToList();
        chats.ForEach(chat => Assert.That(chat.Get("/", Agree).ReadResponse().Status, Is.EqualTo(101)));
        streams.ForEach(stream => Assert.That(stream.Get("/").ReadHead().Status, Is.EqualTo(200)));
        for (var at = 0; at < 50; at++)
        {
            await gateway.ReloadAsync($"{{routes: [{{path: \"/*\", upstream: up}}, {{path: /{at}, respond: {{status: 200}}}}]}}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}");
            chats.ForEach(chat => Assert.That(chat.Send($"{at:d4}").ReadBytes(4), Is.EqualTo(Encoding.ASCII.GetBytes($"{at:d4}"))));
            streams.ForEach(stream => Assert.That(Encoding.ASCII.GetString(stream.ReadBytes(9)), Is.EqualTo("data: x\n\n")));
        }

        chats.Concat(streams).ToList().ForEach(each => each.Dispose());
        gateway.Settle();
    }

    [Test]
    public async Task Trap_2_what_a_reload_has_replaced_is_collected()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await BareGateway.ToAsync(endpoint);
        var old = new List<WeakReference>();
        for (var at = 0; at < 20; at++)
        {
            old.Add(gateway.WeakHandler());
            Ask(gateway);
            await gateway.ReloadAsync($"{{routes: [{{path: \"/*\", upstream: up}}, {{path: /{at}, upstream: up}}]}}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}");
        }

        Ask(gateway);
        gateway.Settle();
        Assert.That(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return old.Count(each => each.IsAlive);
            },
            Is.Zero.After(Loopback.TimeoutMs, 100), "configurations that are over");

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Ask(BareGateway gateway)
        {
            using var client = gateway.Connect();
            for (var at = 0; at < 3; at++)
            {
                client.Get("/").ReadResponse();
            }
        }
    }

    [Test]
    public async Task An_end_under_load_loses_no_request()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var load = new HttpLoad(gateway.Address, workers: 8, posts: 2, untilRefused: true);
        load.AwaitMore(500);
        gateway.Daemon.Orders.OrderStop();
        Assert.That(load.Join(), Is.Empty);
        Assert.That(await gateway.Daemon.Running.WaitAsync(TimeSpan.FromSeconds(20)), Is.EqualTo(ExitCode.Success));
    }

    [Test]
    public async Task An_endpoint_that_dies_costs_no_get_and_no_post_that_was_not_under_way()
    {
        const int Workers = 6;
        using var a = new HttpEndpoint("a");
        using var b = new HttpEndpoint("b");
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{{HttpGateway.Upstream("up", "", a, b)}}}");
        using var load = new HttpLoad(gateway.Address, Workers, posts: 2);
        load.AwaitMore(500);
        a.Dispose();
        load.AwaitMore(500);
        var failed = load.Stop();
        Assert.That(failed.Where(failure => failure.Method == "GET"), Is.Empty);
        Assert.That(failed, Has.Count.LessThanOrEqualTo(Workers));
        gateway.Settle();
    }

    [Test]
    public async Task When_all_endpoints_are_down_requests_are_refused_and_when_they_are_back_served()
    {
        var endpoint = new HttpEndpoint("ok");
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var client = gateway.Connect())
        {
            Assert.That(client.Get("/").ReadResponse().Status, Is.EqualTo(200));
            endpoint.Dispose();
            for (var at = 0; at < 20; at++)
            {
                Assert.That(client.Get("/").ReadResponse().Status, Is.AnyOf(502, 503), "refused, on the same connection");
            }

            endpoint = new HttpEndpoint((wire, _) => wire.Respond("back"), endpoint.Address);
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("back"));
        }

        gateway.Settle();
        endpoint.Dispose();
        gateway.SettleAll();
    }

    [Test]
    public async Task Trap_10_an_endpoint_that_closes_after_every_few_requests_costs_none([Values] bool announced)
    {
        using var endpoint = new HttpEndpoint(Serve());
        await using var gateway = await BareGateway.ToAsync(endpoint);
        using (var load = new HttpLoad(gateway.Address, workers: 4))
        {
            load.AwaitMore(2000);
            Assert.That(load.Stop(), Is.Empty);
        }

        Assert.That(endpoint.Connections, Is.GreaterThan(100));
        gateway.Settle();

        Action<HttpWire, HttpMessage> Serve()
        {
            var served = new ConditionalWeakTable<HttpWire, StrongBox<int>>();
            return (wire, _) =>
            {
                var isLast = ++served.GetOrCreateValue(wire).Value % 7 == 0;
                wire.Respond("ok", isLast && announced ? "Connection: close\r\n" : "");
                if (isLast)
                {
                    throw new OperationCanceledException();
                }
            };
        }
    }

    [Test]
    public async Task A_drained_endpoint_gets_nothing_new_though_connections_to_it_lie_idle()
    {
        using var a = new HttpEndpoint("a");
        using var b = new HttpEndpoint("b");
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{{HttpGateway.Upstream("up", "", a, b)}}}");
        using var client = gateway.Connect();
        Assert.That(Enumerable.Range(0, 20).Select(_ => client.Get("/").ReadResponse().Text), Does.Contain("a").And.Contain("b"));
        var upstream = gateway.Upstreams["up"];
        Assert.That(upstream.Drain(upstream.View.All.Single(each => each.Endpoint.Address.Equals(a.Address)).Endpoint.Id), Is.True);
        Assert.That(() => upstream.View.Available.Length, Is.EqualTo(1).After(Loopback.TimeoutMs, 1));
        Assert.That(Enumerable.Range(0, 20).Select(_ => client.Get("/").ReadResponse().Text), Is.All.EqualTo("b"));
    }
}
