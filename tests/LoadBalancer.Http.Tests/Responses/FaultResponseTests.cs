using System.Text.Json;
using LoadBalancer.Faults;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Responses;

internal sealed class FaultResponseTests
{
    private static readonly FaultKind[] OfFraming =
    [
        FaultKind.RequestInvalid, FaultKind.HostInvalid, FaultKind.PathInvalid, FaultKind.HeadTooLarge, FaultKind.TooManyFields, FaultKind.TargetTooLong,
        FaultKind.VersionUnsupported, FaultKind.NotImplemented, FaultKind.BodyInvalid, FaultKind.BodyTooLarge,
    ];

    [TestCase(FaultKind.RequestInvalid, 400)]
    [TestCase(FaultKind.HostInvalid, 400)]
    [TestCase(FaultKind.PathInvalid, 400)]
    [TestCase(FaultKind.BodyInvalid, 400)]
    [TestCase(FaultKind.AddressDenied, 403)]
    [TestCase(FaultKind.NoRoute, 404)]
    [TestCase(FaultKind.HeadTimeout, 408)]
    [TestCase(FaultKind.BodyTimeout, 408)]
    [TestCase(FaultKind.BodyTooLarge, 413)]
    [TestCase(FaultKind.TargetTooLong, 414)]
    [TestCase(FaultKind.ExpectationUnknown, 417)]
    [TestCase(FaultKind.Misdirected, 421)]
    [TestCase(FaultKind.HeadTooLarge, 431)]
    [TestCase(FaultKind.TooManyFields, 431)]
    [TestCase(FaultKind.ClientClosed, 499)]
    [TestCase(FaultKind.Bug, 500)]
    [TestCase(FaultKind.NotImplemented, 501)]
    [TestCase(FaultKind.ConnectRefused, 502)]
    [TestCase(FaultKind.ResponseInvalid, 502)]
    [TestCase(FaultKind.ResponseTruncated, 502)]
    [TestCase(FaultKind.Reset, 502)]
    [TestCase(FaultKind.NoEndpoint, 503)]
    [TestCase(FaultKind.PendingOverflow, 503)]
    [TestCase(FaultKind.PendingTimeout, 503)]
    [TestCase(FaultKind.ConnectTimeout, 504)]
    [TestCase(FaultKind.FirstByteTimeout, 504)]
    [TestCase(FaultKind.ExchangeTimeout, 504)]
    [TestCase(FaultKind.VersionUnsupported, 505)]
    public void Every_fault_has_its_status(FaultKind kind, int status) => Assert.That(FaultResponse.Status(kind), Is.EqualTo(status));

    [TestCase(FaultKind.RequestInvalid, "13")]
    [TestCase(FaultKind.TokenExpired, "16")]
    [TestCase(FaultKind.RoleMissing, "7")]
    [TestCase(FaultKind.NoRoute, "12")]
    [TestCase(FaultKind.NotImplemented, "12")]
    [TestCase(FaultKind.BodyTooLarge, "8")]
    [TestCase(FaultKind.RateLimited, "8")]
    [TestCase(FaultKind.QuotaExceeded, "8")]
    [TestCase(FaultKind.ConcurrencyExceeded, "8")]
    [TestCase(FaultKind.TooManyFailures, "14")]
    [TestCase(FaultKind.ExchangeTimeout, "4")]
    [TestCase(FaultKind.FirstByteTimeout, "14")]
    [TestCase(FaultKind.BetweenBytesTimeout, "14")]
    [TestCase(FaultKind.ConnectRefused, "14")]
    [TestCase(FaultKind.CircuitOpen, "14")]
    [TestCase(FaultKind.BodyTimeout, "2")]
    [TestCase(FaultKind.Bug, "2")]
    public void Every_fault_has_its_status_of_gRPC(FaultKind kind, string status)
    {
        var exchange = Heads.Request("/", "Content-Type: application/grpc");
        FaultResponse.Prepare(exchange, new Fault(FaultSide.Internal, kind));
        Assert.That((exchange.Response.Status, exchange.Response.Fields.Values("grpc-status").Single(), $"{exchange.GrpcStatus}"), Is.EqualTo((200, status, status)));
    }

    [Test]
    public void A2_the_body_is_a_problem_that_tells_the_reason_and_the_id_and_nothing_else()
    {
        foreach (var kind in Enum.GetValues<FaultKind>().Where(kind => kind is not (FaultKind.None or FaultKind.MethodNotAllowed)))
        {
            var exchange = Prepare(kind);
            var problem = JsonDocument.Parse(exchange.OwnBody).RootElement;
            Assert.That(problem.EnumerateObject().Select(member => member.Name), Is.EqualTo(new[] { "type", "title", "status", "code", "request_id" }), $"{kind}");
            Assert.That(problem.GetProperty("type").GetString(), Is.EqualTo("about:blank"));
            Assert.That(problem.GetProperty("title").GetString(), Is.Not.Empty, $"{kind}");
            Assert.That(problem.GetProperty("status").GetInt32(), Is.EqualTo(exchange.Response.Status).And.InRange(400, 599));
            Assert.That(problem.GetProperty("code").GetString(), Is.EqualTo(new Fault(FaultSide.Client, kind).Reason));
            Assert.That(problem.GetProperty("request_id").GetString(), Is.EqualTo(Heads.Text(exchange.RequestId)).And.Match("^[0-9a-f]{32}$"));
            Assert.That(exchange.Response.Fields.Values("Content-Type"), Is.EqualTo(new[] { "application/problem+json" }));
        }
    }

    [Test]
    public void S20_after_a_fault_of_framing_the_connection_is_not_used_again()
    {
        Assert.That(OfFraming.Select(kind => Prepare(kind).MustClose), Is.All.True);
        Assert.That(new[] { FaultKind.NoRoute, FaultKind.AddressDenied, FaultKind.NoEndpoint, FaultKind.ConnectRefused }.Select(kind => Prepare(kind).MustClose), Is.All.False);
    }

    [TestCase(FaultKind.PendingOverflow, "1")]
    [TestCase(FaultKind.NoEndpoint, "5")]
    [TestCase(FaultKind.ConnectRefused, null)]
    public void What_passes_soon_says_when_to_come_back(FaultKind kind, string? seconds) =>
        Assert.That(Prepare(kind).Response.Fields.Values("Retry-After"), seconds is null ? Is.Empty : Is.EqualTo(new[] { seconds }));

    [TestCase(FaultKind.CredentialMissing, true)]
    [TestCase(FaultKind.TokenExpired, true)]
    [TestCase(FaultKind.ScopeMissing, true)]
    [TestCase(FaultKind.RoleMissing, false)]
    [TestCase(FaultKind.TooManyFailures, false)]
    public void A_challenge_goes_with_401_and_with_403_for_a_scope(FaultKind kind, bool isTold)
    {
        var exchange = Heads.Request("/");
        exchange.Challenges.Add([.. "Bearer"u8]);
        exchange.Challenges.Add([.. "ApiKey"u8]);
        FaultResponse.Prepare(exchange, new Fault(FaultSide.Client, kind));
        Assert.That(exchange.Response.Fields.Values("WWW-Authenticate"), isTold ? Is.EqualTo(new[] { "Bearer", "ApiKey" }) : Is.Empty);
    }

    [TestCase(FaultKind.TooManyFailures)]
    [TestCase(FaultKind.CircuitOpen)]
    [TestCase(FaultKind.Overloaded)]
    public void An_open_circuit_says_what_is_left_of_its_time_and_overload_a_time_of_its_own(FaultKind kind)
    {
        var exchange = Heads.Request("/");
        exchange.RetryAfterSeconds = 13;
        FaultResponse.Prepare(exchange, new Fault(FaultSide.Upstream, kind));
        Assert.That((exchange.Response.Status, exchange.Response.Fields.Values("Retry-After").Single()), Is.EqualTo((kind == FaultKind.TooManyFailures ? 429 : 503, "13")));
    }

    [Test]
    public void What_an_endpoint_had_begun_to_answer_is_gone()
    {
        var exchange = Heads.Request("/");
        exchange.Response.Fields.Add("X-Internal"u8, "10.0.0.1"u8);
        FaultResponse.Prepare(exchange, new Fault(FaultSide.Upstream, FaultKind.ResponseTruncated));
        Assert.That(exchange.Response.Fields.Values("X-Internal"), Is.Empty);
        Assert.That(exchange.Fault.Kind, Is.EqualTo(FaultKind.ResponseTruncated));
    }

    [Test]
    public void On_error_gives_the_route_its_own_body()
    {
        var exchange = Heads.Request("/<b>");
        exchange.Route = RouteWith("503", new OnErrorOptions { Body = "<p>${path} is closed</p>", Headers = new([KeyValuePair.Create("Content-Type", "text/html")]) });
        FaultResponse.Prepare(exchange, new Fault(FaultSide.Upstream, FaultKind.NoEndpoint));
        Assert.That(exchange.Response.Status, Is.EqualTo(503));
        Assert.That(Heads.Text(exchange.OwnBody.Span), Is.EqualTo("<p>/&#x3C;b&#x3E; is closed</p>"));
        Assert.That(exchange.Response.Fields.Lines(), Is.EqualTo(new[] { "Content-Type: text/html", "Retry-After: 5" }));
        FaultResponse.Prepare(exchange, new Fault(FaultSide.Upstream, FaultKind.ConnectRefused));
        Assert.That(exchange.Response.Fields.Values("Content-Type"), Is.EqualTo(new[] { "application/problem+json" }));
    }

    [Test]
    public void On_error_names_the_upstream_that_answers_instead()
    {
        var pages = RouteWith("502", new OnErrorOptions { Upstream = "fallback" }).Policies.Errors;
        Assert.That(pages.UpstreamFor(502), Is.EqualTo("fallback"));
        Assert.That(pages.UpstreamFor(503), Is.Null);
        Assert.That(pages.TryFill(Heads.Request("/"), 502), Is.False);
    }

    [Test]
    public void Allocates_nothing()
    {
        var exchange = new Exchange(null!);
        Assert.That(Allocations.Of(() =>
        {
            exchange.Reset();
            FaultResponse.Prepare(exchange, new Fault(FaultSide.Upstream, FaultKind.NoEndpoint));
        }), Is.Zero);
    }

    private static Exchange Prepare(FaultKind kind)
    {
        var exchange = Heads.Request("/");
        FaultResponse.Prepare(exchange, new Fault(FaultSide.Client, kind));
        return exchange;
    }

    private static Route RouteWith(string status, OnErrorOptions page)
    {
        var options = new RoutePolicyOptions { OnError = new([KeyValuePair.Create(status, page)]) };
        return new Route { Name = "r", Template = "/", Options = new RouteOptions(), Policies = HttpPolicyCatalog.Build(options, [], null, null!), Handler = new Readiness(() => true) };
    }
}
