using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.Authorization;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Policies;

internal sealed class AuthorizationPolicyTests
{
    [TestCase("rider", FaultKind.None)]
    [TestCase("driver", FaultKind.None)]
    [TestCase("Rider", FaultKind.RoleMissing)]
    [TestCase("admin", FaultKind.RoleMissing)]
    [TestCase("", FaultKind.RoleMissing)]
    public void One_of_the_roles_is_enough(string role, FaultKind expected) =>
        Assert.That(Ask(new() { Roles = ["rider", "driver"] }, Caller(roles: [role])), Is.EqualTo(expected));

    [TestCase(new[] { "trips:read", "trips:write", "x" }, FaultKind.None)]
    [TestCase(new[] { "trips:write" }, FaultKind.ScopeMissing)]
    [TestCase(new[] { "trips:read trips:write" }, FaultKind.ScopeMissing)]
    [TestCase(new string[0], FaultKind.ScopeMissing)]
    public void All_scopes_are_needed(string[] scopes, FaultKind expected) =>
        Assert.That(Ask(new() { Scopes = ["trips:read", "trips:write"] }, Caller(scopes: scopes)), Is.EqualTo(expected));

    [Test]
    public void Who_lacks_a_scope_of_a_bearer_token_is_told_which_it_would_need()
    {
        var policy = new AuthorizationPolicy(new() { Scopes = ["a", "b"] }, [], [new FixedProvider("riders", "Bearer"), new FixedProvider("web", "Bearer realm=\"x\""), new FixedProvider("keys", "ApiKey")]);
        Assert.That(Challenges("riders"), Is.EqualTo(new[] { "Bearer error=\"insufficient_scope\", scope=\"a b\"" }));
        Assert.That(Challenges("web"), Is.EqualTo(new[] { "Bearer realm=\"x\", error=\"insufficient_scope\", scope=\"a b\"" }));
        Assert.That(Challenges("keys"), Is.Empty);

        string[] Challenges(string provider)
        {
            var exchange = Heads.Request("/");
            exchange.Identity = Caller(provider: provider);
            Assert.That(Decide(policy, exchange), Is.EqualTo(FaultKind.ScopeMissing));
            return [.. exchange.Challenges.Select(Encoding.ASCII.GetString)];
        }
    }

    [Test]
    public void Nobody_is_401_and_is_told_what_to_bring()
    {
        var exchange = Heads.Request("/");
        var policy = new AuthorizationPolicy(new() { Roles = ["a"] }, [], [new FixedProvider("a", "Bearer"), new FixedProvider("b", "ApiKey")]);
        Assert.That(Decide(policy, exchange), Is.EqualTo(FaultKind.CredentialMissing));
        Assert.That(exchange.Challenges.Select(Encoding.ASCII.GetString), Is.EqualTo(new[] { "Bearer", "ApiKey" }));
    }

    [TestCase("tenant", "acme", FaultKind.None)]
    [TestCase("tenant", "Acme", FaultKind.ClaimMismatch)]
    [TestCase("tenant", "acm", FaultKind.ClaimMismatch)]
    [TestCase("tenant", "acme ", FaultKind.ClaimMismatch)]
    [TestCase("other", "acme", FaultKind.ClaimMismatch)]
    [TestCase("groups", "staff", FaultKind.None, Description = "one of several values")]
    [TestCase("groups", "staff,ops", FaultKind.ClaimMismatch)]
    [TestCase("empty", "", FaultKind.ClaimMismatch)]
    [TestCase("sub", "J\u00fcrgen", FaultKind.None)]
    [TestCase("none", "x", FaultKind.ClaimMismatch, Description = "a claim without a value")]
    public void A_claim_is_what_it_has_to_be_as_a_whole_text(string claim, string value, FaultKind expected) =>
        Assert.That(Ask(Claims((claim, [value])), Jurgen), Is.EqualTo(expected));

    [Test]
    public void One_of_a_list_is_enough_and_every_claim_is_needed()
    {
        Assert.That(Ask(Claims(("tenant", ["x", "acme"])), Jurgen), Is.EqualTo(FaultKind.None));
        Assert.That(Ask(Claims(("tenant", ["acme"]), ("groups", ["x"])), Jurgen), Is.EqualTo(FaultKind.ClaimMismatch));
    }

    [TestCase("J\u00fcrgen", "/users/J%C3%BCrgen", FaultKind.None)]
    [TestCase("a b", "/users/a%20b", FaultKind.None)]
    [TestCase("a%20b", "/users/a%20b", FaultKind.ClaimMismatch)]
    [TestCase("a%20b", "/users/a%2520b", FaultKind.None)]
    [TestCase("17", "/users/17", FaultKind.None)]
    [TestCase("17", "/users/170", FaultKind.ClaimMismatch)]
    [TestCase("1", "/users/17", FaultKind.ClaimMismatch)]
    [TestCase("alice", "/users/ALICE", FaultKind.ClaimMismatch)]
    [TestCase("", "/users/", FaultKind.ClaimMismatch)]
    public void A_caller_reaches_only_its_own_path(string subject, string path, FaultKind expected)
    {
        var exchange = Heads.Request(path);
        exchange.Captures[0] = new Slice(exchange.Request.PathSlice.Start + 7, path.Length - 7);
        exchange.Identity = Caller(subject: subject);
        var before = exchange.Request.Fields.Bytes.Length;
        Assert.That(Decide(new AuthorizationPolicy(Claims(("sub", ["${path.id}"])), ["id"], []), exchange), Is.EqualTo(expected));
        Assert.That(exchange.Request.Fields.Bytes.Length, Is.EqualTo(before), "nothing of the comparison is left");
    }

    [Test]
    public void A_claim_may_have_to_be_what_a_field_says_and_an_empty_one_is_nothing()
    {
        var identity = Caller(claims: ("tenant", ["acme", ""]));
        Assert.That(Ask(Claims(("tenant", ["${header.X-Tenant}"])), identity, "X-Tenant: acme"), Is.EqualTo(FaultKind.None));
        Assert.That(Ask(Claims(("tenant", ["${header.X-Tenant}"])), identity, "X-Tenant: other"), Is.EqualTo(FaultKind.ClaimMismatch));
        Assert.That(Ask(Claims(("tenant", ["${header.X-Tenant}"])), identity), Is.EqualTo(FaultKind.ClaimMismatch));
    }

    [Test]
    public void What_was_missing_is_in_the_trace_and_no_value_of_a_claim()
    {
        var exchange = Heads.Request("/");
        exchange.Identity = Jurgen;
        var chain = new PolicyChain(new(), [], new PolicyStep(new AuthorizationPolicy(Claims(("tenant", ["other"])), [], []), false));
        Assert.That(chain.OnRequestAsync(exchange).AsTask().Result.Fault.Reason, Is.EqualTo("claim_mismatch"));
        var decision = exchange.Decisions.Decisions[0];
        Assert.That((decision.Policy, exchange.Decisions.FactsOf(decision).ToArray().Single()), Is.EqualTo(("require", new Fact("claim", "tenant", 0, default))));
    }

    [Test]
    public void Allocates_nothing()
    {
        var exchange = Heads.Request("/users/17");
        exchange.Captures[0] = new Slice(exchange.Request.PathSlice.Start + 7, 2);
        exchange.Identity = Caller(subject: "17", roles: ["a"], scopes: ["b"]);
        var policy = new AuthorizationPolicy(Claims(("sub", ["${path.id}"])) with { Roles = ["a"], Scopes = ["b"] }, ["id"], []);
        var refused = false;
        Assert.That(Allocations.Of(() =>
        {
            var asked = policy.OnRequestAsync(exchange);
            refused |= !asked.IsCompletedSuccessfully || asked.Result.IsFinal;
            exchange.Decisions.Reset();
        }), Is.Zero);
        Assert.That(refused, Is.False);
    }

    private static Identity Jurgen => Caller(subject: "J\u00fcrgen", claims: [("tenant", ["acme"]), ("groups", ["ops", "staff"]), ("empty", [""]), ("none", [])]);

    private static Identity Caller(string subject = "x", string provider = "p", string[]? roles = null, string[]? scopes = null, params (string Name, string[] Values)[] claims) => new()
    {
        Provider = provider,
        Subject = subject,
        Roles = [.. roles ?? []],
        Scopes = [.. scopes ?? []],
        Claims = claims.ToFrozenDictionary(claim => claim.Name, claim => claim.Values.ToImmutableArray(), StringComparer.Ordinal),
    };

    private static RequireOptions Claims(params (string Name, string[] Values)[] claims) =>
        new() { Claims = new(claims.Select(claim => KeyValuePair.Create<string, ValueList<string>>(claim.Name, [.. claim.Values]))) };

    private static FaultKind Ask(RequireOptions options, Identity identity, params string[] fields)
    {
        var exchange = Heads.Request("/", fields);
        exchange.Identity = identity;
        return Decide(new AuthorizationPolicy(options, [], []), exchange);
    }

    private static FaultKind Decide(AuthorizationPolicy policy, Exchange exchange) => policy.OnRequestAsync(exchange).AsTask().Result.Fault.Kind;

    /// <summary>A provider with one challenge.</summary>
    private sealed class FixedProvider(string name, string challenge) : IdentityProvider(name)
    {
        public override bool IsPresent(Exchange exchange) => false;

        public override ValueTask<ProviderAnswer> IdentifyAsync(Exchange exchange) => new(ProviderAnswer.Absent);

        public override byte[] Challenge(FaultKind why) => Encoding.ASCII.GetBytes(challenge);
    }
}
