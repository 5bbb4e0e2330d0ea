using System.Net;
using LoadBalancer.Faults;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.Headers;
using LoadBalancer.Http.Policies.IpAllowList;
using LoadBalancer.Http.Policies.Rewrite;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Policies;

internal sealed class PolicyChainTests
{
    private readonly List<string> _calls = [];
    private readonly Exchange _exchange = Heads.Request("/");

    [SetUp]
    public void Forget()
    {
        _calls.Clear();
        _exchange.PoliciesAsked = 0;
        _exchange.Decisions.Reset();
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Asks_in_order_and_shows_the_response_and_the_end_in_reverse(bool later)
    {
        var chain = Chain(later, null, null);
        Assert.That(await chain.OnRequestAsync(_exchange), Is.EqualTo(PolicyOutcome.Allowed));
        chain.OnResponse(_exchange);
        chain.OnEnd(_exchange);
        Assert.That(_calls, Is.EqualTo(new[] { "0 request", "1 request", "1 response", "0 response", "1 end", "0 end" }));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task After_a_refusal_nobody_else_is_asked_or_told(bool later)
    {
        var refusal = PolicyOutcome.Refuse(FaultKind.AddressDenied);
        var chain = Chain(later, null, refusal, null);
        Assert.That(await chain.OnRequestAsync(_exchange), Is.EqualTo(refusal));
        chain.OnEnd(_exchange);
        Assert.That(_exchange.PoliciesAsked, Is.EqualTo(2));
        Assert.That(_calls, Is.EqualTo(new[] { "0 request", "1 request", "1 end", "0 end" }));
    }

    [Test]
    public void What_is_only_watched_says_nothing_in_the_response_and_hears_of_the_end()
    {
        var chain = new PolicyChain(new RoutePolicyOptions(), [], new PolicyStep(new ScriptedPolicy("0", _calls), true), new PolicyStep(new ScriptedPolicy("1", _calls), false));
        Assert.That((chain.HasShadow, chain.OnRequestAsync(_exchange).AsTask().Result.IsFinal), Is.EqualTo((true, false)));
        chain.OnResponse(_exchange);
        chain.OnEnd(_exchange);
        Assert.That(_calls, Is.EqualTo(new[] { "0 request", "1 request", "1 response", "1 end", "0 end" }));
    }

    [Test]
    public void A_rehearsal_counts_no_refusal()
    {
        var metrics = new RouteMetrics("r", loops: 1);
        var policy = new ScriptedPolicy("0", _calls) { Answer = () => new(PolicyOutcome.Refuse(FaultKind.RoleMissing)) };
        var chain = new PolicyChain(new RoutePolicyOptions(), [], new PolicyStep(policy, false));
        var exchange = Heads.Request("/");
        exchange.Route = new() { Name = "r", Template = "/", Options = new(), Policies = chain, Handler = null!, Metrics = metrics };
        exchange.IsRehearsal = true;
        Assert.That(chain.OnRequestAsync(exchange).AsTask().Result.Fault.Kind, Is.EqualTo(FaultKind.RoleMissing));
        Assert.That(metrics.PolicyRefusals, Is.Empty);
    }

    [Test]
    public void Whoever_was_asked_hears_of_the_end_also_after_an_exception()
    {
        var policies = new[] { new ScriptedPolicy("0", _calls), new ScriptedPolicy("1", _calls) };
        policies[1].Answer = static () => throw new InvalidOperationException("scripted");
        var chain = new PolicyChain(new RoutePolicyOptions(), [], [.. policies.Select(policy => new PolicyStep(policy, false))]);
        Assert.That(async () => await chain.OnRequestAsync(_exchange), Throws.InvalidOperationException);
        chain.OnEnd(_exchange);
        Assert.That(_calls, Is.EqualTo(new[] { "0 request", "1 request", "1 end", "0 end" }));
    }

    [Test]
    public void Phases_of_the_catalogue_never_go_back() =>
        Assert.That(HttpPolicyCatalog.InOrder.Select(line => line.Phase), Is.Ordered);

    [Test]
    public void The_order_is_the_catalogues_whatever_the_order_of_the_file()
    {
        Assert.That(Build(Everything).Steps.ToArray().Select(step => step.Policy.GetType()),
            Is.EqualTo(new[] { typeof(IpAllowListPolicy), typeof(ResponseHeadersPolicy), typeof(RewritePolicy), typeof(RequestHeadersPolicy) }));
    }

    [Test]
    public void Equal_options_keep_the_chain_and_others_make_a_new_one()
    {
        var chain = Build(Everything);
        Assert.That(Build(Everything with { AllowIps = [IPNetwork.Parse("198.51.100.0/24")] }, chain), Is.SameAs(chain));
        Assert.That(Build(Everything with { DenyIps = [IPNetwork.Parse("198.51.100.0/24")] }, chain), Is.Not.SameAs(chain));
        Assert.That(HttpPolicyCatalog.Build(Everything, ["id"], chain, null!), Is.Not.SameAs(chain));
        Assert.That(Build(new RoutePolicyOptions()), Is.SameAs(PolicyChain.Empty));
    }

    [Test]
    public void Policies_that_decide_at_once_allocate_nothing()
    {
        var chain = Build(Everything);
        var completed = true;
        Assert.That(Allocations.Of(() =>
        {
            Heads.Refill(_exchange, "/", []);
            _exchange.Peer = null;
        }), Is.Positive);
        var address = _exchange.ClientAddress;
        Assert.That(Allocations.Of(() =>
        {
            _exchange.Reset();
            _exchange.ClientAddress = address;
            _exchange.Request.PathSlice = new Slice(_exchange.Request.Fields.Append("/v1/x"u8), 5);
            var outcome = chain.OnRequestAsync(_exchange);
            completed &= outcome.IsCompletedSuccessfully && !outcome.Result.IsFinal;
            chain.OnResponse(_exchange);
            chain.OnEnd(_exchange);
        }), Is.Zero);
        Assert.That(completed, Is.True);
    }

    private static RoutePolicyOptions Everything => new()
    {
        ResponseHeaders = new HeaderChangesOptions { Remove = ["Server"] },
        RequestHeaders = new HeaderChangesOptions { Remove = ["X-Debug"] },
        Rewrite = new RewriteOptions { StripPrefix = "/v1", Query = new QueryChangesOptions { Remove = ["debug"] } },
        AllowIps = [IPNetwork.Parse("198.51.100.0/24")],
    };

    private static PolicyChain Build(RoutePolicyOptions options, PolicyChain? previous = null) => HttpPolicyCatalog.Build(options, [], previous, null!);

    private PolicyChain Chain(bool later, params PolicyOutcome?[] outcomes) => new(
        new RoutePolicyOptions(), [], [.. outcomes.Select((outcome, at) => new PolicyStep(new ScriptedPolicy($"{at}", _calls) { Answer = () => Answer(outcome ?? PolicyOutcome.Allowed, later) }, false))]);

    private static async ValueTask<PolicyOutcome> Answer(PolicyOutcome outcome, bool later)
    {
        if (later)
        {
            await Task.Yield();
        }

        return outcome;
    }
}
