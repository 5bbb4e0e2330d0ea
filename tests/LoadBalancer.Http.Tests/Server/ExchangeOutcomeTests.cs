using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Http.Tests.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Tests.Server;

/// <summary>What an exchange says of the configuration that served it.</summary>
internal sealed class ExchangeOutcomeTests
{
    private const FaultSide Client = FaultSide.Client;
    private const FaultSide Upstream = FaultSide.Upstream;
    private const FaultSide Internal = FaultSide.Internal;

    private readonly ManualTime _time = new();
    private LoopGroup _loops = null!;

    [SetUp]
    public void Start() => _loops = new LoopGroup(1, TimeProvider.System, (_, _) => { }, _ => { });

    [TearDown]
    public void Stop() => _loops.Dispose();

    [TestCase(200, Client, FaultKind.None, ExpectedResult = 200)]
    [TestCase(404, Client, FaultKind.NoRoute, ExpectedResult = 404)]
    [TestCase(200, Upstream, FaultKind.ResponseTruncated, ExpectedResult = 502, Description = "it broke off within its body")]
    [TestCase(200, Upstream, FaultKind.BetweenBytesTimeout, ExpectedResult = 504)]
    [TestCase(200, Internal, FaultKind.Drained, ExpectedResult = 200, Description = "the reload itself ended it")]
    [TestCase(200, Client, FaultKind.Reset, ExpectedResult = 200, Description = "the client left")]
    [TestCase(101, Upstream, FaultKind.Reset, ExpectedResult = 101, Description = "a WebSocket, however it ends")]
    public int Is_the_status_or_what_came_after_it(int status, FaultSide side, FaultKind kind) => ExchangeOutcome.StatusOf(Ended(status, new Fault(side, kind)));

    [TestCase("0", ExpectedResult = 200)]
    [TestCase("14", ExpectedResult = 503)]
    [TestCase("16", ExpectedResult = 401)]
    [TestCase("7", ExpectedResult = 403)]
    [TestCase("5", ExpectedResult = 404)]
    [TestCase("8", ExpectedResult = 429)]
    [TestCase("99", ExpectedResult = 500)]
    [TestCase("-1", ExpectedResult = 200, Description = "no status")]
    public int Of_a_call_is_what_its_own_status_stands_for_wherever_it_is(string status)
    {
        var inFields = Ended(200);
        inFields.Response.Fields.Add("content-type"u8, "application/grpc"u8);
        var inTrailers = Ended(200);
        inTrailers.Response.Fields.Add("content-type"u8, "application/grpc+proto"u8);
        inFields.Response.Fields.Add("grpc-status"u8, Encoding.ASCII.GetBytes(status));
        inTrailers.GrpcStatus = GrpcCall.StatusOf(inFields.Response.Fields, null);
        Assert.That(ExchangeOutcome.StatusOf(inTrailers), Is.EqualTo(ExchangeOutcome.StatusOf(inFields)));
        return ExchangeOutcome.StatusOf(inFields);
    }

    [TestCase(Upstream, FaultKind.ConnectRefused, ExpectedResult = 502)]
    [TestCase(Internal, FaultKind.Overloaded, ExpectedResult = 503)]
    [TestCase(Client, FaultKind.CredentialMissing, ExpectedResult = 401)]
    [TestCase(Client, FaultKind.RateLimited, ExpectedResult = 429)]
    [TestCase(Client, FaultKind.Reset, ExpectedResult = 200, Description = "the caller left")]
    public int Of_a_call_that_failed_here_is_what_another_request_would_have_been_told(FaultSide side, FaultKind kind)
    {
        var call = Ended(200, new Fault(side, kind));
        call.Request.Fields.Add("content-type"u8, "application/grpc"u8);
        return ExchangeOutcome.StatusOf(call);
    }

    [TestCase("text/html", ExpectedResult = 60)]
    [TestCase("text/event-stream", ExpectedResult = 2)]
    [TestCase("application/grpc", ExpectedResult = 2)]
    public double What_may_last_is_judged_by_the_time_to_its_first_byte(string type)
    {
        var exchange = Ended(200);
        exchange.Response.Fields.Add("content-type"u8, Encoding.ASCII.GetBytes(type));
        (exchange.Began, exchange.FirstByte) = (1 * TimeSpan.TicksPerSecond, 3 * TimeSpan.TicksPerSecond);
        return ExchangeOutcome.TimeOf(exchange, _time, TimeSpan.FromSeconds(60)).TotalSeconds;
    }

    [Test]
    public void Counts_what_began_since_requests_are_compared_and_allocates_nothing_for_it()
    {
        var metrics = new RouteMetrics("users", loops: 1);
        var exchange = Ended(503, metrics: metrics);
        exchange.Began = 10;
        ExchangeOutcome.Count(exchange, _time, TimeSpan.Zero);
        Assert.That(metrics.Outcomes, Is.Null, "nobody compares");
        metrics.ComparedSince = 11;
        ExchangeOutcome.Count(exchange, _time, TimeSpan.Zero);
        Assert.That(metrics.Outcomes, Is.Null, "it began before");
        exchange.Began = 11;
        ExchangeOutcome.Count(exchange, _time, TimeSpan.FromMilliseconds(3));
        Assert.That((metrics.Outcomes!.CountOf(0), metrics.Outcomes.Times.Count), Is.EqualTo((1L, 1L)));
        Assert.That(Allocations.Of(() =>
        {
            for (var request = 0; request < 1000; request++)
            {
                ExchangeOutcome.Count(exchange, _time, TimeSpan.FromMilliseconds(request));
            }
        }), Is.Zero);
    }

    private Exchange Ended(int status, Fault fault = default, RouteMetrics? metrics = null)
    {
        var exchange = new Exchange(_loops.Loops[0]) { Carrier = new NoCarrier(), Fault = fault, Route = metrics is null ? null : EndedExchange.RouteOf(metrics.Route, "/", metrics) };
        EndedExchange.Respond(exchange, status);
        return exchange;
    }
}
