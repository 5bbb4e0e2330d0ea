using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.RateLimiting;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Tests.Policies;

/// <summary>Which bodies keep to which bandwidth.</summary>
internal sealed class BandwidthPolicyTests
{
    private static readonly BandwidthOptions Both = new() { Request = 1000, Response = 2000 };

    private readonly ManualTime _time = new();
    private LoopGroup _loops = null!;

    [OneTimeSetUp]
    public void Begin() => _loops = new LoopGroup(1, TimeProvider.System, (_, _) => { }, _ => { });

    [OneTimeTearDown]
    public void End() => _loops.Dispose();

    [Test]
    public void The_route_and_the_plan_of_its_caller_have_one_each_and_what_they_are_is_told()
    {
        var limits = Limits(("pro", new() { Bandwidth = new() { Response = 500 } }), ("slow", new() { Key = ByAddress, Bandwidth = Both }));
        var exchange = Request("pro");
        exchange.RequestBody = new BufferedBody("body"u8.ToArray());
        Ask(limits, exchange, new() { RateLimit = ["slow"], Auth = new() { Any = ["a"] } });
        Assert.That((exchange.RequestPace!.Piece, exchange.ResponsePace!.Piece), Is.EqualTo((256, 256)));
        Assert.That(Facts(exchange), Is.EqualTo(new[]
        {
            "limit=slow", "key=client_ip", "request_bytes_per_s=1000", "response_bytes_per_s=2000",
            "limit=plan:bandwidth", "plan=pro", "key=identity", "response_bytes_per_s=500",
        }));
        Assert.That(limits.Bandwidths.Select(bandwidth => (bandwidth.Limit, bandwidth.Text, bandwidth.Callers)), Is.EquivalentTo(new[]
        {
            ("slow", "request 1KB/s, response 2KB/s", 1L), ("plan:bandwidth", "response 500B/s", 1L),
        }));
    }

    [Test]
    public void A_plan_without_one_a_request_without_a_body_and_a_route_in_shadow_keep_to_nothing()
    {
        var limits = Limits(("pro", new() { Bandwidth = Both }), ("slow", new() { Key = ByAddress, Bandwidth = new() { Request = 1000 } }));
        var other = Request(null);
        Assert.That(Ask(limits, other, new() { Auth = new() { Any = ["a"] } }), Is.EqualTo("no_limit"));
        var bodyless = Request("pro");
        Ask(limits, bodyless, new() { RateLimit = ["slow"] });
        var watched = Request("pro");
        Assert.That(Ask(limits, watched, new() { RateLimit = ["slow"], Auth = new() { Any = ["a"] }, Shadow = ["rate_limit"] }), Is.EqualTo("only_watched"));
        Assert.That(new[] { other, bodyless, watched }.Select(exchange => exchange.RequestPace ?? exchange.ResponsePace), Is.All.Null);
        Assert.That(new[] { other, bodyless, watched }.Select(exchange => exchange.Paused), Is.All.Null);
    }

    [Test]
    public void A_rehearsal_is_told_of_it_and_nobody_is_remembered_for_it()
    {
        var limits = Limits(("pro", new()), ("slow", new() { Key = ByAddress, Bandwidth = Both }));
        var exchange = Request("pro");
        exchange.Rehearsal = new Rehearsal();
        Ask(limits, exchange, new() { RateLimit = ["slow"] });
        Assert.That(Facts(exchange), Does.Contain("response_bytes_per_s=2000"));
        Assert.That((exchange.ResponsePace, limits.Bandwidths.Single().Callers), Is.EqualTo(((BodyPace?)null, 0L)));
    }

    [Test]
    public void A_reload_that_changes_something_else_keeps_what_callers_have_used()
    {
        var limits = Limits(("pro", new()), ("slow", new() { Key = ByAddress, Bandwidth = Both }));
        Ask(limits, Request("pro"), new() { RateLimit = ["slow"] });
        var next = Limits(("pro", new() { Concurrency = 5 }), ("slow", new() { Key = ByAddress, Bandwidth = Both }), limits);
        Assert.That(next.Bandwidths.Single(), Is.SameAs(limits.Bandwidths.Single()));
        var faster = Limits(("pro", new()), ("slow", new() { Key = ByAddress, Bandwidth = Both with { Response = 3000 } }), next);
        Assert.That(faster.Bandwidths.Single(), Is.Not.SameAs(next.Bandwidths.Single()));
        Assert.That(faster.Metrics.Paces.Select(pace => pace.Counts), Is.EqualTo(next.Metrics.Paces.Select(pace => pace.Counts)), "no counter falls");
    }

    [Test]
    public void An_exchange_that_ends_leaves_its_paces()
    {
        var limits = Limits(("pro", new()), ("slow", new() { Key = ByAddress, Bandwidth = Both }));
        var exchange = Request("pro");
        Ask(limits, exchange, new() { RateLimit = ["slow"] });
        exchange.Reset();
        Assert.That((exchange.RequestPace, exchange.ResponsePace, exchange.Paused), Is.EqualTo(((BodyPace?)null, (BodyPace?)null, (TimeSpan?)null)));
    }

    private static ValueList<LimitKeySource> ByAddress => [new LimitKeySource(LimitKeySourceType.ClientIp)];

    private static string[] Facts(Exchange exchange) => [.. exchange.Decisions.Decisions.ToArray()
        .SelectMany(decision => exchange.Decisions.FactsOf(decision).ToArray()).Select(fact => $"{fact.Name}={fact.Text ?? $"{fact.Number}"}")];

    private LimitSet Limits((string Name, PlanOptions Options) plan, (string Name, RateLimitOptions Options) limit, LimitSet? before = null) => LimitSet.Build(
        new([KeyValuePair.Create(plan.Name, plan.Options)]), new([KeyValuePair.Create(limit.Name, limit.Options)]), store: null, before, Context);

    private BuildContext Context => new() { Time = _time, Loops = 1, Seeds = new Random(1), Connections = null! };

    private string? Ask(LimitSet limits, Exchange exchange, RoutePolicyOptions options)
    {
        var policy = BandwidthPolicy.Create(new PolicyBuild(options, [], PolicyChain.Empty, ProviderSet.Empty, limits, Context))!;
        var chain = new PolicyChain(options, [], new PolicyStep(policy, false));
        chain.OnRequestAsync(exchange).AsTask().GetAwaiter().GetResult();
        return exchange.Decisions.Decisions[0].Outcome.Reason;
    }

    private Exchange Request(string? plan)
    {
        var exchange = Heads.Refill(new Exchange(_loops.Loops[0]), "/");
        exchange.Identity = plan is null ? null : new Identity { Provider = "a", Subject = "alice", Plan = plan };
        return exchange;
    }
}
