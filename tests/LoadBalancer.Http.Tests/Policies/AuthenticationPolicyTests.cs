using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.Authentication;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Policies;

/// <summary>How the answers of several providers become one decision.</summary>
[TestFixture(false)]
[TestFixture(true)]
public sealed class AuthenticationPolicyTests(bool later)
{
    [Test]
    public void Under_any_the_first_credential_that_is_there_decides()
    {
        Assert.That(Ask(Any, Request("b: 1"), Good("a"), Good("b", plan: "pro")), Is.EqualTo((PolicyVerdict.Allowed, FaultKind.None, "b", "pro")));
        Assert.That(Ask(Any, Request("a: 1", "b: 1"), Bad, Good("b")), Is.EqualTo((PolicyVerdict.Refused, FaultKind.TokenExpired, (string?)null, (string?)null)));
    }

    [Test]
    public void Nobody_is_refused_and_is_told_what_to_bring()
    {
        var exchange = Request();
        Assert.That(Ask(Any, exchange, Good("a"), Good("b")).Kind, Is.EqualTo(FaultKind.CredentialMissing));
        Assert.That(exchange.Challenges.Select(Encoding.ASCII.GetString), Is.EqualTo(new[] { "a CredentialMissing", "b CredentialMissing" }));
    }

    [Test]
    public void An_optional_identity_lets_nobody_pass_but_no_bad_credential()
    {
        Assert.That(Ask(Any with { Optional = true }, Request(), Good("a"), Good("b")), Is.EqualTo((PolicyVerdict.Skipped, FaultKind.None, (string?)null, (string?)null)));
        Assert.That(Ask(Any with { Optional = true }, Request("a: 1"), Bad, Good("b")).Kind, Is.EqualTo(FaultKind.TokenExpired));
        Assert.That(Ask(All with { Optional = true }, Request("b: 1"), Good("a"), Good("b")).Kind, Is.EqualTo(FaultKind.CredentialMissing));
    }

    [Test]
    public void Under_all_each_is_needed_and_the_last_plan_counts()
    {
        Assert.That(Ask(All, Request("a: 1", "b: 1"), Good("a", plan: "free"), Good("b", plan: "pro")), Is.EqualTo((PolicyVerdict.Allowed, FaultKind.None, "a", "pro")));
        Assert.That(Ask(All, Request("a: 1", "b: 1"), Good("a"), Bad).Kind, Is.EqualTo(FaultKind.TokenExpired));
        Assert.That(Ask(All, Request("a: 1"), Good("a"), Good("b")).Kind, Is.EqualTo(FaultKind.CredentialMissing));
    }

    [Test]
    public void The_endpoint_gets_the_identity_and_no_credential()
    {
        var exchange = Request("a: secret", "b: secret");
        Ask(Any, exchange, Good("a"), Good("b"));
        Assert.That((exchange.Request.Fields.Find("a"u8), exchange.Request.Fields.Find("b"u8)), Is.EqualTo((-1, -1)));
        Assert.That(Encoding.ASCII.GetString(exchange.Request.Fields.Value(exchange.Request.Fields.Find("X-User"u8))), Is.EqualTo("a"));
    }

    [TestCase(true, 1000L, 1000L)]
    [TestCase(false, 1000L, long.MaxValue)]
    [TestCase(true, long.MaxValue, long.MaxValue)]
    public void A_tunnel_ends_with_the_identity_where_the_route_says_so(bool closes, long expires, long ends)
    {
        var exchange = Request("a: 1");
        var policy = new AuthenticationPolicy(Any with { CloseAtExpiry = closes }, [new ScriptedProvider("a", ProviderAnswer.Known(new Identity { Provider = "a", Subject = "a", ExpiresAt = expires }), later)]);
        Assert.That(policy.OnRequestAsync(exchange).AsTask().Result.IsFinal, Is.False);
        Assert.That(exchange.TunnelEndsAt, Is.EqualTo(ends));
    }

    [Test]
    public void Nobody_who_need_not_be_known_allocates_nothing()
    {
        var exchange = Request();
        var policy = new AuthenticationPolicy(Any with { Optional = true }, [new ScriptedProvider("a", Good("a"), later), new ScriptedProvider("b", Good("b"), later)]);
        var refused = false;
        Assert.That(Allocations.Of(() =>
        {
            var asked = policy.OnRequestAsync(exchange);
            refused |= !asked.IsCompletedSuccessfully || asked.Result.IsFinal;
        }), Is.Zero);
        Assert.That(refused, Is.False);
    }

    [Test]
    public void What_cannot_be_found_out_is_no_fault_of_the_client()
    {
        var exchange = Request("a: 1");
        var policy = new AuthenticationPolicy(Any, [new ScriptedProvider("a", ProviderAnswer.Refuse(FaultKind.ProviderUnavailable), later)]);
        Assert.That(policy.OnRequestAsync(exchange).AsTask().Result.Fault, Is.EqualTo(new Fault(FaultSide.Internal, FaultKind.ProviderUnavailable)));
    }

    [Test]
    public async Task In_the_shadow_it_refuses_nobody_and_says_so()
    {
        var exchange = Request();
        var policy = new AuthenticationPolicy(Any, [new ScriptedProvider("a", Good("a"), later)]);
        var chain = new PolicyChain(new RoutePolicyOptions(), [], new PolicyStep(policy, true), new PolicyStep(new ScriptedPolicy("next", []), false));
        Assert.That((await chain.OnRequestAsync(exchange)).IsFinal, Is.False);
        Assert.That(exchange.Decisions.Decisions.ToArray().Select(decision => (decision.Policy, decision.Outcome.Verdict, decision.Outcome.Fault.Kind)),
            Is.EqualTo(new[] { ("auth", PolicyVerdict.WouldRefuse, FaultKind.CredentialMissing), ("next", PolicyVerdict.Allowed, FaultKind.None) }));
        Assert.That(exchange.Challenges, Is.Empty);
    }

    [Test]
    public async Task In_the_shadow_the_endpoint_still_gets_the_credential_that_it_may_ask_for()
    {
        var exchange = Request("a: secret");
        await new AuthenticationPolicy(Any, [new ScriptedProvider("a", Good("a"), later)], isShadow: true).OnRequestAsync(exchange);
        Assert.That(exchange.Request.Fields.Find("a"u8), Is.Not.Negative);
    }

    private static AuthOptions Any => new() { Any = ["a", "b"] };

    private static AuthOptions All => new() { All = ["a", "b"] };

    private static Exchange Request(params string[] fields) => Heads.Request("/", ["Host: a", .. fields]);

    private static ProviderAnswer Good(string name, string? plan = null) => ProviderAnswer.Known(new Identity
    {
        Provider = name,
        Subject = name,
        Plan = plan,
        Forwarded = [new IdentityField(KnownHeader.Other, Encoding.ASCII.GetBytes("X-User"), Encoding.ASCII.GetBytes(name))],
    });

    private static ProviderAnswer Bad => ProviderAnswer.Refuse(FaultKind.TokenExpired);

    private (PolicyVerdict Verdict, FaultKind Kind, string? Subject, string? Plan) Ask(AuthOptions options, Exchange exchange, ProviderAnswer a, ProviderAnswer b)
    {
        var policy = new AuthenticationPolicy(options, [new ScriptedProvider("a", a, later), new ScriptedProvider("b", b, later)]);
        var outcome = policy.OnRequestAsync(exchange).AsTask().Result;
        return (outcome.Verdict, outcome.Fault.Kind, exchange.Identity?.Subject, exchange.Identity?.Plan);
    }
}
