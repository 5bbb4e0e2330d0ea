using System.Text;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Tests.Health;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>samples/grpc/lb.yaml as it stands, with its addresses replaced, in front of endpoints that speak gRPC.</summary>
internal sealed class GrpcSampleScenarios
{
    private GrpcEndpoint _one = null!;
    private GrpcEndpoint _two = null!;
    private GrpcEndpoint _prices = null!;
    private GrpcEndpoint _more = null!;
    private HttpGateway _gateway = null!;
    private GrpcCaller _client = null!;

    [SetUp]
    public async Task Start()
    {
        (_one, _two) = (await GrpcEndpoint.StartAsync(), await GrpcEndpoint.StartAsync());
        (_prices, _more) = (await GrpcEndpoint.StartAsync(), await GrpcEndpoint.StartAsync());
        _one.States["orders.v1.Orders"] = _two.States["orders.v1.Orders"] = 1;
        _gateway = await HttpGateway.OfFileAsync("grpc", WorkTree.Read("samples/grpc/lb.yaml")
            .Replace("\":50051\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
            .Replace("10.0.7.10:50051", $"{_one.Address}", StringComparison.Ordinal)
            .Replace("10.0.7.11:50051", $"{_two.Address}", StringComparison.Ordinal)
            .Replace("10.0.7.20:50051", $"{_prices.Address}", StringComparison.Ordinal)
            .Replace("10.0.7.21:50051", $"{_more.Address}", StringComparison.Ordinal)
            .Replace("interval: 2s", "interval: 100ms", StringComparison.Ordinal));
        _client = new GrpcCaller(_gateway.Address);
    }

    [TearDown]
    public async Task End()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        await _prices.DisposeAsync();
        await _more.DisposeAsync();
    }

    [Test]
    public async Task Calls_on_one_connection_reach_both_endpoints()
    {
        for (var at = 0; at < 10; at++)
        {
            Assert.That(await _client.CallAsync("/orders.v1.Orders/Unary", "hello"), Is.EqualTo((new[] { "hello" }, "0")));
        }

        Assert.That((Calls(_one), Calls(_two)), Is.EqualTo((5, 5)));
    }

    [Test]
    public async Task One_that_says_NOT_SERVING_is_passed_over_and_comes_back()
    {
        _one.States["orders.v1.Orders"] = 2;
        await StateAsync(_one, "unhealthy");
        var before = Calls(_one);
        for (var at = 0; at < 6; at++)
        {
            Assert.That((await _client.CallAsync("/orders.v1.Orders/Unary", "hello")).Status, Is.EqualTo("0"));
        }

        Assert.That(Calls(_one), Is.EqualTo(before));
        _one.States["orders.v1.Orders"] = 1;
        await StateAsync(_one, "available");
    }

    [Test]
    public async Task Prices_stream_both_ways_each_endpoint_with_its_share()
    {
        using var first = new DuplexContent();
        using var second = new DuplexContent();
        foreach (var content in new[] { first, second })
        {
            using var response = await Soon(_client.SendAsync("/prices.v1.Prices/Bidi", content));
            await using var body = await Soon(response.Content.ReadAsStreamAsync());
            for (var at = 0; at < 3; at++)
            {
                await content.SendAsync(GrpcEndpoint.Frame(Encoding.ASCII.GetBytes($"price {at}")));
                Assert.That(Encoding.ASCII.GetString((await Soon(GrpcEndpoint.ReadAsync(body)))!), Is.EqualTo($"price {at}"));
            }

            content.End();
            Assert.That(await Soon(GrpcEndpoint.ReadAsync(body)), Is.Null);
            Assert.That(GrpcCaller.Field(response.TrailingHeaders, "grpc-status"), Is.EqualTo("0"));
        }
    }

    [Test]
    public async Task What_is_gone_is_UNAVAILABLE_and_what_never_was_UNIMPLEMENTED()
    {
        await _prices.DisposeAsync();
        await _more.DisposeAsync();
        Assert.That((await _client.FailAsync("/prices.v1.Prices/Server")).Status, Is.EqualTo("14"));
        Assert.That(await _client.FailAsync("/other.v1.Other/Get"), Is.EqualTo(("12", "no_route")));
        Assert.That((await _client.CallAsync("/orders.v1.Orders/Unary", "hello")).Status, Is.EqualTo("0"), "the other service does not notice");
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task An_endpoint_that_is_stopped_in_order_loses_no_call()
    {
        using var enough = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 4).Select(_ => CallAsync(enough.Token)).ToList();
        Assert.That(() => Calls(_one), Is.GreaterThan(20).After(30_000, 5));
        await _one.StopAsync().WaitAsync(TimeSpan.FromSeconds(30));
        var before = Calls(_two);
        Assert.That(() => Calls(_two), Is.GreaterThan(before + 40).After(30_000, 5));
        await enough.CancelAsync();
        Assert.That((await Soon(Task.WhenAll(callers))).SelectMany(statuses => statuses), Is.All.EqualTo("0"));

        async Task<List<string?>> CallAsync(CancellationToken enough)
        {
            await Task.Yield();
            using var client = new GrpcCaller(_gateway.Address);
            List<string?> statuses = [];
            while (!enough.IsCancellationRequested)
            {
                statuses.Add((await client.CallAsync("/orders.v1.Orders/Unary", "hello")).Status);
            }

            return statuses;
        }
    }

    [Test]
    public async Task A_call_that_takes_too_long_is_cancelled_at_the_endpoint()
    {
        await using var gateway = await HttpGateway.OfFileAsync("grpc", WorkTree.Read("samples/grpc/lb.yaml")
            .Replace("\":50051\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
            .Replace("\"10.0.7.10:50051\", \"10.0.7.11:50051\"", $"\"{_one.Address}\"", StringComparison.Ordinal)
            .Replace("timeout: 10s", "timeout: 3s", StringComparison.Ordinal));
        using var client = new GrpcCaller(gateway.Address);
        Assert.That(await client.FailAsync("/orders.v1.Orders/Hang"), Is.EqualTo(("4", "exchange_timeout")));
        await _one.Cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Test]
    public void Whoever_watches_lb_asks_by_a_plain_GET() => Assert.That(_gateway.Get("/lb-ready").Status, Is.EqualTo(200));

    private static Task<T> Soon<T>(Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(30));

    private static int Calls(GrpcEndpoint endpoint) => endpoint.Asked.Count(asked => asked.UserAgent != "lb-health");

    private Task StateAsync(GrpcEndpoint endpoint, string state) => _gateway.Daemon.UntilAsync(
        status => BalancingScenarios.Endpoint(status, endpoint.Address).GetProperty("state").GetString() == state, $"{endpoint.Address} is {state}");
}
