using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Transport.Epoll;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Tests.Health;

public sealed class GrpcProbeTests
{
    private static readonly ActiveHealthOptions Check = new() { Type = "grpc" };

    private TestLoops _loops = null!;

    [SetUp]
    public void SetUp() => _loops = new TestLoops();

    [TearDown]
    public void TearDown() => _loops.Dispose();

    [TestCase(1, ProbeResult.Passed, "SERVING")]
    [TestCase(2, ProbeResult.Status, "NOT_SERVING, expected SERVING")]
    [TestCase(0, ProbeResult.Status, "UNKNOWN, expected SERVING")]
    [TestCase(9, ProbeResult.Status, "an answer that is none of the health service")]
    public async Task What_serves_is_healthy(int state, ProbeResult result, string words)
    {
        await using var endpoint = await GrpcEndpoint.StartAsync();
        endpoint.States["orders.Orders"] = state;
        Assert.That(await AskAsync(endpoint, Check with { Service = "orders.Orders" }), Is.EqualTo(new ProbeAnswer(result, words)));
    }

    [Test]
    public async Task Without_a_service_the_server_itself_is_asked_for_as_a_call_of_gRPC()
    {
        await using var endpoint = await GrpcEndpoint.StartAsync();
        Assert.That(await AskAsync(endpoint, Check), Is.EqualTo(new ProbeAnswer(ProbeResult.Passed, "SERVING")));
        var asked = endpoint.Asked.Single();
        Assert.That((asked.ContentType.ToString(), asked.TE.ToString(), asked.UserAgent.ToString()), Is.EqualTo(("application/grpc", "trailers", "lb-health")));
        Assert.That(asked.Host.ToString(), Is.EqualTo(endpoint.Address.ToString()));
    }

    [Test]
    public async Task A_name_of_more_than_a_hundred_bytes_is_asked_for_whole()
    {
        var name = new string('s', 120);
        await using var endpoint = await GrpcEndpoint.StartAsync();
        endpoint.States[name] = 1;
        Assert.That((await AskAsync(endpoint, Check with { Service = name })).Passed, Is.True);
    }

    [Test]
    public async Task A_service_that_is_not_known_is_named()
    {
        await using var endpoint = await GrpcEndpoint.StartAsync();
        Assert.That(
            await AskAsync(endpoint, Check with { Service = "gone" }),
            Is.EqualTo(new ProbeAnswer(ProbeResult.Status, "grpc-status 5 (NOT_FOUND): the endpoint's health service does not know 'gone'")));
    }

    [Test]
    public async Task An_endpoint_without_a_health_service_says_so()
    {
        await using var endpoint = await GrpcEndpoint.StartAsync();
        endpoint.HasHealth = false;
        Assert.That(await AskAsync(endpoint, Check), Is.EqualTo(new ProbeAnswer(ProbeResult.Status, "grpc-status 12 (UNIMPLEMENTED): the endpoint has no health service")));
    }

    [Test]
    public async Task An_endpoint_that_speaks_HTTP1_only_is_not_healthy()
    {
        await using var endpoint = await GrpcEndpoint.StartAsync(HttpProtocols.Http1);
        var answer = await AskAsync(endpoint, Check);
        Assert.That(answer.Passed, Is.False);
        Assert.That(answer.Result, Is.EqualTo(ProbeResult.NotHttp).Or.EqualTo(ProbeResult.Closed), answer.Reason);
    }

    [Test]
    public async Task What_answers_without_a_status_of_gRPC_is_not_healthy()
    {
        await using var endpoint = await GrpcEndpoint.StartAsync();
        endpoint.HasHealth = false;
        endpoint.FailsWith = 503;
        Assert.That(await AskAsync(endpoint, Check), Is.EqualTo(new ProbeAnswer(ProbeResult.Status, "status 503, which is no answer of gRPC")));
    }

    [Test]
    public async Task Ends_at_its_deadline_and_lets_the_connection_go()
    {
        using var deadline = new CancellationTokenSource();
        using var silent = new ProbedServer(async stream =>
        {
            await stream.ReadExactlyAsync(new byte[1]);
            await deadline.CancelAsync();
            await ProbedServer.DrainAsync(stream);
        });
        var answer = await Probe(Check).AskAsync(silent.Address, deadline.Token);
        Assert.That(answer, Is.EqualTo(new ProbeAnswer(ProbeResult.NoAnswer, "connected, but no answer", IsLate: true)));
        await silent.UntilAllAreClosedAsync();
    }

    private Probe Probe(ActiveHealthOptions options) => ProbeCatalog.Build(options, new BuildContext
    {
        Time = TimeProvider.System,
        Loops = 1,
        Seeds = new Random(1),
        Connections = new EpollTransport(_loops.Group, TimeSpan.FromSeconds(30)),
    });

    private Task<ProbeAnswer> AskAsync(GrpcEndpoint endpoint, ActiveHealthOptions options) => Probe(options).AskAsync(endpoint.Address, CancellationToken.None).AsTask();
}
