using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.Authentication;
using LoadBalancer.Http.Policies.RateLimiting;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Tests.RateLimiting;
using LoadBalancer.Limits;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Tests.Policies;

/// <summary>What a route's limits decide together, and what is charged. The store answers at once, or later on another thread.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed class RateLimitPolicyTests(bool later)
{
    private readonly ManualTime _time = new();
    private LoopGroup _loops = null!;
    private CountingStore _store = null!;

    [OneTimeSetUp]
    public void Begin() => _loops = new LoopGroup(1, TimeProvider.System, (_, _) => { }, _ => { });

    [OneTimeTearDown]
    public void End() => _loops.Dispose();

    [SetUp]
    public void Forget() => _store = new CountingStore(later);

    [Test]
    public void All_have_to_allow_and_where_one_refuses_none_is_charged()
    {
        var limits = Limits(null, ("wide", Of("client_ip", 10)), ("tenants", Of("header:X-Tenant", 9)), ("callers", Of("identity", 2)));
        var chain = Chain(limits, new() { RateLimit = ["wide", "callers", "tenants"], Auth = Auth });
        for (var at = 0; at < 2; at++)
        {
            Assert.That(Ask(chain, Request(Alice)), Is.EqualTo(FaultKind.None));
        }

        Assert.That(Ask(chain, Request(Alice)), Is.EqualTo(FaultKind.RateLimited));
        Assert.That(_store.Charged, Is.EquivalentTo(new[] { "wide  ip:198.51.100.7 2", "tenants  header:acme 2", "callers  identity:a:alice 2" }));
    }

    [Test]
    public void Exact_limits_of_a_request_are_asked_with_one_question_and_all_are_charged_or_none([Values(1, 2, 4)] int mostTogether)
    {
        _store.MostTogether = mostTogether;
        var limits = Limits(
            Plans(("pro", new() { Rate = new Rate(3, TimeSpan.FromMinutes(1)) })), ("wide", Exact("identity", 10)), ("leased", Of("identity", 9)), ("tenants", Exact("header:X-Tenant", 8)),
            ("callers", Exact("identity", 2)));
        var chain = Chain(limits, new() { RateLimit = ["wide", "leased", "tenants", "callers"], Auth = Auth });
        Assert.That((Ask(chain, Request(Alice)), Ask(chain, Request(Alice)), Ask(chain, Request(Alice))), Is.EqualTo((FaultKind.None, FaultKind.None, FaultKind.RateLimited)));
        Assert.That(_store.Charged, Is.EquivalentTo(new[]
        {
            "tenants  header:acme 2", "leased  identity:a:alice 2", "wide  identity:a:alice 2", "callers  identity:a:alice 2", "plan:rate pro identity:a:alice 2",
        }), "of tenants too, who were asked before it was known who calls");
        Assert.That(_store.Together, Is.EqualTo(mostTogether == 1 ? [1, 1, 1] : (int[])[2, 2, 2]));
        Assert.That(Count(limits, "wide", "allowed") + Count(limits, "callers", "refused"), Is.EqualTo(3 + 1));
    }

    [Test]
    public void What_is_left_and_who_refuses_is_told_of_limits_that_are_asked_together()
    {
        var limits = Limits(null, ("wide", Exact("client_ip", 10)), ("network", Exact("client_ip", 1)), ("tenants", Exact("header:X-Tenant", 5)), ("absent", Exact("header:X-No", 7)), ("last", Exact("client_ip", 9)));
        var chain = Chain(limits, new() { RateLimit = ["wide", "network", "tenants", "absent", "last"] });
        var allowed = Request(null);
        Assert.That(Ask(chain, allowed), Is.EqualTo(FaultKind.None));
        Assert.That(allowed.Response.Fields.Lines(), Is.EqualTo(new[]
        {
            "RateLimit-Policy: \"wide\";q=10;w=60, \"network\";q=1;w=60, \"last\";q=9;w=60, \"tenants\";q=5;w=60, \"absent\";q=7;w=60", "RateLimit: \"network\";r=0;t=8",
        }));
        Assert.That(Facts(allowed), Does.Contain("key=client_ip (no header:X-No)").And.Contains("key=header:X-Tenant"), "each of its own key");
        var refused = Request(null);
        Assert.That((Ask(chain, refused), refused.Limits!.RefusedBy, refused.RetryAfterSeconds), Is.EqualTo((FaultKind.RateLimited, "network", 12)));
        Assert.That(refused.Response.Fields.Lines()[0], Is.EqualTo("RateLimit-Policy: \"wide\";q=10;w=60, \"network\";q=1;w=60"), "those behind it were not asked");
        Assert.That(_store.Charged, Has.Exactly(5).Items.And.All.EndsWith(" 1"));
        Assert.That(_store.Together, Is.EqualTo(new[] { 4, 4 }), "four at most, and the last by itself");
    }

    [Test]
    public void What_several_charged_without_the_store_is_given_back_without_it()
    {
        var limits = Limits(null, ("wide", Exact("client_ip", 10)), ("callers", Exact("client_ip", 1)));
        var chain = Chain(limits, new() { RateLimit = ["wide", "callers"] });
        _store.IsAlone = true;
        Assert.That((Ask(chain, Request(null)), Ask(chain, Request(null))), Is.EqualTo((FaultKind.None, FaultKind.RateLimited)));
        Assert.That(_store.Charged, Is.EquivalentTo(new[] { "wide  ip:198.51.100.7 1", "callers  ip:198.51.100.7 1" }));
        Assert.That(_store.Limits.Sum(limit => limit.ReturnedAlone), Is.EqualTo(1));
    }

    [TestCase("5/min", 5.9, true)]
    [TestCase("5/min", 6.1, false)]
    [TestCase("5/min burst 3", 7.1, true)]
    [TestCase("5/min burst 3", 7.3, false)]
    [TestCase("5/day", 7.1, true)]
    [TestCase("5/day", 7.3, false, Description = "the store says that all is there again after 7.2 seconds: the next day has begun")]
    public void What_may_have_come_back_by_itself_while_somebody_else_decided_is_not_given_back(string rule, double seconds, bool isBack)
    {
        var wide = rule switch
        {
            "5/min" => Rule(5),
            "5/day" => new LimitRule { Quota = new Quota(5, QuotaPeriod.Day) },
            _ => Rule(5) with { Burst = 3 },
        };
        var limits = Limits(null, ("wide", Of("client_ip", 5) with { Limit = LimitTable.Of(wide) }), ("callers", Of("identity", 1)));
        var chain = Chain(limits, new() { RateLimit = ["wide", "callers"], Auth = Auth }, takes: TimeSpan.FromSeconds(seconds));
        Assert.That((Ask(chain, Request(Alice)), Ask(chain, Request(Alice))), Is.EqualTo((FaultKind.None, FaultKind.RateLimited)));
        Assert.That(_store.Charged, Does.Contain($"wide  ip:198.51.100.7 {(isBack ? 1 : 2)}"));
    }

    [Test]
    public void What_was_charged_without_the_store_is_given_back_without_it([Values] bool isAlone)
    {
        var limits = Limits(null, ("wide", Of("client_ip", 10)), ("callers", Of("identity", 2)));
        var chain = Chain(limits, new() { RateLimit = ["wide", "callers"], Auth = Auth });
        _store.IsAlone = isAlone;
        Assert.That((Ask(chain, Request(Alice)), Ask(chain, Request(Alice)), Ask(chain, Request(Alice))), Is.EqualTo((FaultKind.None, FaultKind.None, FaultKind.RateLimited)));
        Assert.That(_store.Charged, Is.EquivalentTo(new[] { "wide  ip:198.51.100.7 2", "callers  identity:a:alice 2" }));
        Assert.That(_store.Limits.Sum(limit => limit.ReturnedAlone), Is.EqualTo(isAlone ? 1 : 0));
    }

    [Test]
    public void T40_a_refusal_by_somebody_else_keeps_what_was_charged_before_it_is_known_who_calls()
    {
        var limits = Limits(null, ("wide", Of("client_ip", 2)), ("callers", Of("identity", 9)));
        var chain = Chain(limits, new() { RateLimit = ["wide", "callers"], Auth = Auth }, known: false);
        Assert.That(new[] { 1, 2, 3 }.Select(_ => Ask(chain, Request(null))), Is.EqualTo(new[] { FaultKind.TokenExpired, FaultKind.TokenExpired, FaultKind.RateLimited }));
        Assert.That(_store.Charged, Is.EqualTo(new[] { "wide  ip:198.51.100.7 2" }));
    }

    [Test]
    public void A_request_counts_for_what_its_route_costs()
    {
        var chain = Chain(Limits(Plans(("pro", new() { Quota = [new Quota(10, QuotaPeriod.Month)] })), ("wide", Of("client_ip", 12))), new() { RateLimit = ["wide"], Cost = 4, Auth = Auth });
        Assert.That(new[] { 1, 2, 3 }.Select(_ => Ask(chain, Request(Alice))), Is.EqualTo(new[] { FaultKind.None, FaultKind.None, FaultKind.QuotaExceeded }));
        Assert.That(_store.Charged, Is.EquivalentTo(new[] { "plan:month pro identity:a:alice 8", "wide  ip:198.51.100.7 8" }));
    }

    [TestCase("pro", "pro", 3)]
    [TestCase("gold", "default", 2)]
    [TestCase(null, "default", 2)]
    [TestCase("anonymous", "default", 2, Description = "nobody who is known is taken for one who is not")]
    public void Callers_have_the_limit_of_their_plan_and_an_unknown_one_is_the_default(string? plan, string entry, int most)
    {
        var table = new LimitTable(null, new([new("pro", Rule(3)), new("default", Rule(2)), new("anonymous", Rule(1))]));
        var chain = Chain(Limits(Plans(("pro", new())), ("callers", new() { Key = Key("identity"), Limit = table })), new() { RateLimit = ["callers"], Auth = Auth });
        var caller = new Identity { Provider = "a", Subject = "alice", Plan = plan };
        Assert.That(Enumerable.Range(0, 5).Count(_ => Ask(chain, Request(caller)) == FaultKind.None), Is.EqualTo(most));
        var exchange = Request(caller);
        Ask(chain, exchange);
        Assert.That(Facts(exchange), Does.Contain($"plan={entry}").And.Contains("limit=callers").And.Contains("key=identity").And.Contains("remaining=0").And.Contains("wait_s=12"));
        Assert.That(Facts(exchange).Contains($"plan_unknown={plan}"), Is.EqualTo(plan is "gold" or "anonymous"));
    }

    [Test]
    public void Nobody_known_has_the_limit_of_anonymous_by_the_clients_address()
    {
        var table = new LimitTable(null, new([new("pro", Rule(3)), new("anonymous", Rule(1))]));
        var chain = Chain(Limits(Plans(("pro", new())), ("callers", new() { Key = Key("identity"), Limit = table })), new() { RateLimit = ["callers"] });
        Assert.That((Ask(chain, Request(null)), Ask(chain, Request(null))), Is.EqualTo((FaultKind.None, FaultKind.RateLimited)));
        Assert.That(_store.Charged, Is.EqualTo(new[] { "callers anonymous ip:198.51.100.7 1" }));
    }

    [Test]
    public void A_plan_counts_all_routes_that_ask_who_calls_and_no_others()
    {
        var limits = Limits(Plans(("pro", new() { Rate = new Rate(3, TimeSpan.FromMinutes(1)) })));
        var (one, other, open) = (Chain(limits, new() { Auth = Auth }), Chain(limits, new() { Auth = Auth, Cost = 2 }), Chain(limits, new()));
        Assert.That((Ask(one, Request(Alice)), Ask(other, Request(Alice)), Ask(one, Request(Alice))), Is.EqualTo((FaultKind.None, FaultKind.None, FaultKind.RateLimited)));
        Assert.That(Ask(one, Request(new Identity { Provider = "a", Subject = "bob" })), Is.EqualTo(FaultKind.None), "his plan has no limits");
        Assert.That(open.Find<RateLimitPolicy>(), Is.Null);
    }

    [Test]
    public void As_many_are_under_way_as_the_plan_allows_and_each_leaves_once()
    {
        var limits = Limits(Plans(("pro", new() { Concurrency = 2, Rate = new Rate(4, TimeSpan.FromMinutes(1)) })));
        var chain = Chain(limits, new() { Auth = Auth });
        var open = new[] { Request(Alice), Request(Alice) };
        Assert.That(open.Select(exchange => Ask(chain, exchange, ends: false)), Is.All.EqualTo(FaultKind.None));
        var refused = Request(Alice);
        Assert.That((Ask(chain, refused), refused.RetryAfterSeconds, refused.Limits!.RefusedBy), Is.EqualTo((FaultKind.ConcurrencyExceeded, 1, "plan:concurrency")));
        Assert.That(UnderWay(limits), Is.EqualTo(2));
        chain.OnEnd(open[0]);
        Assert.That((Ask(chain, Request(Alice)), Ask(chain, Request(Alice)), UnderWay(limits)), Is.EqualTo((FaultKind.None, FaultKind.None, 1L)));
        Assert.That((Ask(chain, Request(Alice)), UnderWay(limits)), Is.EqualTo((FaultKind.RateLimited, 1L)), "another limit refuses: it is not under way");
        chain.OnEnd(open[1]);
        Assert.That(UnderWay(limits), Is.Zero);
    }

    [Test]
    public void A_rehearsal_charges_nothing_and_says_what_would_be()
    {
        var limits = Limits(Plans(("pro", new() { Concurrency = 1 })), ("callers", Of("identity", 1)));
        var chain = Chain(limits, new() { RateLimit = ["callers"], Auth = Auth });
        for (var at = 0; at < 3; at++)
        {
            var rehearsal = Request(Alice);
            rehearsal.IsRehearsal = true;
            Assert.That(Ask(chain, rehearsal, ends: false), Is.EqualTo(FaultKind.None));
        }

        Assert.That((_store.Charged.Count(), UnderWay(limits), Count(limits, "callers", "allowed")), Is.EqualTo((0, 0L, 0L)));
        Ask(chain, Request(Alice), ends: false);
        var full = Request(Alice);
        full.IsRehearsal = true;
        Assert.That(Ask(chain, full, ends: false), Is.EqualTo(FaultKind.ConcurrencyExceeded));
    }

    [Test]
    public void What_is_only_watched_charges_what_it_would_allow_and_refuses_nobody()
    {
        var limits = Limits(null, ("wide", Of("client_ip", 9)), ("callers", Of("identity", 1)));
        var chain = Chain(limits, new() { RateLimit = ["wide", "callers"], Auth = Auth, Shadow = ["rate_limit"] });
        Assert.That(Ask(chain, Request(Alice)), Is.EqualTo(FaultKind.None));
        var exchange = Request(Alice);
        Assert.That((Ask(chain, exchange), exchange.WouldBeRefused, exchange.RetryAfterSeconds, exchange.Limits!.RefusedBy), Is.EqualTo((FaultKind.None, true, 1, "callers")));
        Assert.That(exchange.Response.Fields.Lines(), Is.Empty);
        Assert.That(_store.Charged, Is.EquivalentTo(new[] { "wide  ip:198.51.100.7 1", "callers  identity:a:alice 1" }));
        Assert.That((Count(limits, "callers", "allowed"), Count(limits, "callers", "would_refuse"), Count(limits, "callers", "refused")), Is.EqualTo((1L, 1L, 0L)));
    }

    [Test]
    public void T41_clients_are_told_of_every_limit_and_of_the_one_that_ends_first()
    {
        var bucket = new RateLimitOptions { Key = Key("client_ip"), Limit = LimitTable.Of(new LimitRule { Rate = new Rate(100, TimeSpan.FromSeconds(1)), Burst = 250 }) };
        var limits = Limits(
            Plans(("pro", new() { Quota = [new Quota(1000, QuotaPeriod.Day), new Quota(9000, QuotaPeriod.Month)] })), ("wide", bucket), ("create-trip", Of("identity", 2)));
        var chain = Chain(limits, new() { RateLimit = ["wide", "create-trip"], Auth = Auth });
        const string All = "RateLimit-Policy: \"wide\";q=250;w=3, \"create-trip\";q=2;w=60, \"plan:day\";q=1000;w=86400, \"plan:month\";q=9000";
        Assert.That(Told(chain), Is.EqualTo(new[] { "Server: x", All, "RateLimit: \"create-trip\";r=1;t=8" }));
        Assert.That(Told(chain), Is.EqualTo(new[] { "Server: x", All, "RateLimit: \"create-trip\";r=0;t=8" }));
        var refused = Request(Alice);
        Assert.That((Ask(chain, refused), refused.RetryAfterSeconds), Is.EqualTo((FaultKind.RateLimited, 12)));
        Assert.That(refused.Response.Fields.Lines(), Is.EqualTo(new[] { "RateLimit-Policy: \"wide\";q=250;w=3, \"create-trip\";q=2;w=60", "RateLimit: \"create-trip\";r=0;t=12" }));

        string[] Told(PolicyChain chain)
        {
            var exchange = Request(Alice);
            exchange.Response.Fields.Add("RateLimit-Policy"u8, "\"own\";q=1"u8);
            exchange.Response.Fields.Add("Server"u8, "x"u8);
            exchange.Response.Fields.Add("ratelimit"u8, "\"own\";r=1"u8);
            Assert.That(Ask(chain, exchange), Is.EqualTo(FaultKind.None));
            return exchange.Response.Fields.Lines();
        }
    }

    [Test]
    public void A_store_that_cannot_be_asked_is_no_fault_of_the_client()
    {
        var limits = Limits(null, ("callers", Of("client_ip", 1)));
        var chain = Chain(limits, new() { RateLimit = ["callers"] });
        _store.IsAway = true;
        var exchange = Request(null);
        Assert.That(chain.OnRequestAsync(exchange).AsTask().Result.Fault, Is.EqualTo(new Fault(FaultSide.Internal, FaultKind.LimitUnavailable)));
        Assert.That(Count(limits, "callers", "unavailable"), Is.EqualTo(1));
    }

    [Test]
    public void T6_a_reload_keeps_the_counts_of_limits_that_are_the_same()
    {
        var (plans, callers, wide) = (Plans(("pro", new() { Concurrency = 1 })), Of("identity", 1), Of("client_ip", 5));
        var before = Limits(plans, ("callers", callers), ("wide", wide));
        var open = Request(Alice);
        Assert.That(Ask(Chain(before, new() { RateLimit = ["callers"], Auth = Auth }), open, ends: false), Is.EqualTo(FaultKind.None));
        Assert.That(Limits(plans, before, ("callers", callers), ("wide", wide)), Is.SameAs(before));
        var after = Limits(plans, before, ("callers", callers with { }), ("wide", Of("client_ip", 6)));
        Assert.That(after, Is.Not.SameAs(before));
        Assert.That(Ask(Chain(after, new() { Auth = Auth }), Request(Alice)), Is.EqualTo(FaultKind.ConcurrencyExceeded));
        open.Limits!.Leave();
        Assert.That(Ask(Chain(after, new() { RateLimit = ["callers"], Auth = Auth }), Request(Alice)), Is.EqualTo(FaultKind.RateLimited));
        Assert.That(Count(after, "callers", "allowed"), Is.EqualTo(1), "counters never fall");
    }

    [Test]
    public void T6_a_reload_by_which_a_plan_gets_an_entry_of_its_own_or_loses_it_gives_nothing_back([Values] bool isQuota)
    {
        _store = null!;
        var rule = isQuota ? new LimitRule { Quota = new Quota(3, QuotaPeriod.Month) } : Rule(3);
        var ofAll = Of("identity", 3) with { Limit = LimitTable.Of(rule) };
        var byPlan = ofAll with { Limit = new LimitTable(null, new([new("pro", rule), new("default", rule)])) };
        var plans = Plans(("pro", new()));
        var limits = Limits(plans, ("callers", ofAll));
        Assert.That(Faults(2), Is.All.EqualTo(FaultKind.None));
        limits = Limits(plans, limits, ("callers", byPlan));
        Assert.That(Faults(1), Is.All.EqualTo(FaultKind.None));
        limits = Limits(plans, limits, ("callers", ofAll));
        Assert.That(Faults(1), Is.All.EqualTo(isQuota ? FaultKind.QuotaExceeded : FaultKind.RateLimited));

        FaultKind[] Faults(int requests) => [.. Enumerable.Range(0, requests).Select(_ => Ask(Chain(limits, new() { RateLimit = ["callers"], Auth = Auth }), Request(Alice)))];
    }

    [Test]
    public void A_warm_request_allocates_nothing()
    {
        _store = null!;
        var limits = Limits(
            Plans(("pro", new() { Concurrency = 10, Rate = new Rate(1_000_000, TimeSpan.FromSeconds(1)) })), ("wide", Of("client_ip", 1_000_000)), ("callers", Of("identity", 1_000_000)));
        var chain = Chain(limits, new() { RateLimit = ["wide", "callers"], Auth = Auth });
        var steps = chain.Steps.ToArray().Where(step => step.Policy is RateLimitPolicy).Select(step => step.Policy).ToArray();
        var exchange = Request(Alice);
        var (address, refused) = (exchange.ClientAddress, false);
        Assert.That(Allocations.Of(() =>
        {
            exchange.Reset();
            (exchange.ClientAddress, exchange.Identity) = (address, Alice);
            foreach (var policy in steps)
            {
                var outcome = policy.OnRequestAsync(exchange);
                refused |= !outcome.IsCompletedSuccessfully || outcome.Result.IsFinal;
                policy.OnResponse(exchange);
                policy.OnEnd(exchange);
            }
        }), Is.Zero);
        Assert.That((steps.Length, refused), Is.EqualTo((2, false)));
    }

    private static Identity Alice { get; } = new() { Provider = "a", Subject = "alice", Plan = "pro" };

    private static AuthOptions Auth => new() { Any = ["a"] };

    private static ValueList<LimitKeySource> Key(string key) => [LimitKeySource.Kind.Read(new ScalarNode(SourceSpan.Whole("lb.yaml"), "key", key), default, new ConfigReader())];

    private static RateLimitOptions Of(string key, int count) => new() { Key = Key(key), Limit = LimitTable.Of(Rule(count)) };

    private static RateLimitOptions Exact(string key, int count) => Of(key, count) with { Mode = LimitMode.Exact };

    private static LimitRule Rule(int count) => new() { Rate = new Rate(count, TimeSpan.FromMinutes(1)) };

    private static ValueMap<PlanOptions> Plans(params (string Name, PlanOptions Options)[] plans) => new(plans.Select(plan => KeyValuePair.Create(plan.Name, plan.Options)));

    private static long UnderWay(LimitSet limits) => limits.Plans.Sum(plan => plan.UnderWay.Open);

    private static long Count(LimitSet limits, string limit, string outcome) => limits.Metrics.All.Where(counts => counts.Limit == limit).SelectMany(counts => counts.Outcomes).Single(each => each.Outcome == outcome).Count;

    private static string[] Facts(Exchange exchange) => [.. exchange.Decisions.Decisions.ToArray().Where(decision => decision.Policy == "rate_limit")
        .SelectMany(decision => exchange.Decisions.FactsOf(decision).ToArray()).Select(fact => $"{fact.Name}={fact.Text ?? $"{fact.Number}"}")];

    private LimitSet Limits(ValueMap<PlanOptions>? plans, params (string Name, RateLimitOptions Options)[] limits) => Limits(plans, null, limits);

    private LimitSet Limits(ValueMap<PlanOptions>? plans, LimitSet? before, params (string Name, RateLimitOptions Options)[] limits) => LimitSet.Build(
        plans ?? ValueMap<PlanOptions>.Empty, new(limits.Select(limit => KeyValuePair.Create(limit.Name, limit.Options))), _store, before,
        new BuildContext { Time = _time, Loops = 1, Seeds = new Random(1), Connections = null! });

    /// <summary>The chain of a route whose callers the test sets, or refuses.</summary>
    private PolicyChain Chain(LimitSet limits, RoutePolicyOptions options, bool known = true, TimeSpan takes = default)
    {
        var build = new PolicyBuild(options, [], PolicyChain.Empty, ProviderSet.Empty, limits, new BuildContext { Time = _time, Loops = 1, Seeds = new Random(1), Connections = null! });
        var auth = new ScriptedPolicy("auth", [])
        {
            Answer = () =>
            {
                _time.Advance(takes);
                return new(known ? PolicyOutcome.Allowed : PolicyOutcome.Refuse(FaultKind.TokenExpired));
            },
        };
        var isShadow = options.Shadow.Contains("rate_limit");
        PolicyStep?[] steps = [Step(RateLimitPolicy.CreateForClients(build)), new PolicyStep(auth, false), Step(RateLimitPolicy.CreateForCallers(build))];
        return new PolicyChain(options, [], [.. steps.OfType<PolicyStep>()]);

        PolicyStep? Step(HttpPolicy? policy) => policy is null ? null : new PolicyStep(policy, isShadow);
    }

    private Exchange Request(Identity? identity)
    {
        var exchange = Heads.Refill(new Exchange(_loops.Loops[0]), "/", "X-Tenant: acme");
        exchange.Identity = identity;
        return exchange;
    }

    private static FaultKind Ask(PolicyChain chain, Exchange exchange, bool ends = true)
    {
        var outcome = chain.OnRequestAsync(exchange).AsTask().GetAwaiter().GetResult();
        chain.OnResponse(exchange);
        if (ends)
        {
            chain.OnEnd(exchange);
        }

        return outcome.Fault.Kind;
    }
}
