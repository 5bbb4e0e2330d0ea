using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Tests.Authentication.Jwt;

internal sealed class JwtProviderTests
{
    private readonly ManualTime _time = new();
    private readonly LoopGroup _loops = new(1, TimeProvider.System, (_, _) => { }, _ => { });
    private readonly TemporaryFolder _folder = new();
    private TestIssuer _issuer = null!;

    [SetUp]
    public void Begin()
    {
        _issuer = new TestIssuer(_time);
        _issuer.Keys[0] = TestKey.Ec("key-1");
        Publish();
    }

    [TearDown]
    public void End() => _issuer.Dispose();

    [OneTimeTearDown]
    public void Close()
    {
        _folder.Dispose();
        _loops.Dispose();
    }

    [Test]
    public void A_good_token_is_an_identity_with_fields_for_the_endpoint()
    {
        var provider = New(o => o with { Claims = o.Claims with { PlanClaim = "tier", Forward = new ValueMap<string>([KeyValuePair.Create("sub", "X-User-Id"), KeyValuePair.Create("roles", "X-Roles")]) } });
        var identity = Identify(provider, _issuer.Token(more: "\"tier\":\"gold\",\"roles\":[\"a\",\"b\"],\"scope\":\"r w\"")).Identity!;

        Assert.That((identity.Provider, identity.Subject, identity.Plan), Is.EqualTo(("riders", "anna", "gold")));
        Assert.That(identity.Roles, Is.EqualTo(new[] { "a", "b" }));
        Assert.That(identity.Scopes, Is.EqualTo(new[] { "r", "w" }));
        Assert.That(identity.Forwarded.Select(field => $"{Encoding.ASCII.GetString(field.Name)}: {Encoding.ASCII.GetString(field.Value)}"), Is.EqualTo(new[] { "X-User-Id: anna", "X-Roles: a,b" }));
        Assert.That(identity.ExpiresAt, Is.EqualTo((_time.GetUtcNow() + TimeSpan.FromMinutes(10)).ToUnixTimeSeconds() + 5), "the leeway included");
    }

    [Test]
    public void A_token_is_remembered_until_it_expires()
    {
        var provider = New();
        var exchange = Request("/", $"Authorization: Bearer {_issuer.Token()}");
        Assert.That(provider.IsCached(exchange), Is.False);
        var first = Identify(provider, exchange).Identity;
        Assert.That(provider.IsCached(exchange), Is.True);
        Assert.That(Identify(provider, exchange).Identity, Is.SameAs(first));

        _time.Advance(TimeSpan.FromSeconds(604));
        Assert.That(Identify(provider, exchange).Identity, Is.SameAs(first));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Identify(provider, exchange).Fault, Is.EqualTo(FaultKind.TokenExpired));
    }

    [Test]
    public void J8_a_key_that_left_the_set_takes_its_tokens_with_it()
    {
        var provider = New();
        var (old, token) = (_issuer.Keys[0], _issuer.Token());
        _issuer.Keys.Add(TestKey.Ec("key-2"));
        Publish(provider);
        var first = Identify(provider, token).Identity;
        _issuer.Keys.Add(TestKey.Ec("key-3"));
        Publish(provider);
        Assert.That(Identify(provider, token).Identity, Is.SameAs(first), "a key that joined changes nothing");

        _issuer.Keys.Remove(old);
        Publish(provider);
        Assert.That(Identify(provider, token).Fault, Is.EqualTo(FaultKind.TokenKeyUnknown));

        _issuer.Keys.Insert(0, TestKey.Ec("key-1"));
        Publish(provider);
        Assert.That(Identify(provider, token).Fault, Is.EqualTo(FaultKind.TokenSignatureInvalid), "another key of its name is another key");
    }

    [Test]
    public void A_file_that_is_no_use_changes_nothing()
    {
        var provider = New();
        File.WriteAllText(_folder["jwks.json"], "{");
        Assert.That(provider.File!.Refresh(), Is.True);
        Assert.That(provider.File.Refusal, Does.Contain("the keys are no use: it is no JSON"));
        Assert.That(Identify(provider, _issuer.Token()).Verdict, Is.EqualTo(ProviderVerdict.Known));
    }

    [Test]
    public void Equal_keys_outlive_a_reload_of_the_rest()
    {
        var first = New();
        var asked = first.File;
        Assert.That(New(o => o with { Leeway = TimeSpan.Zero }, first).File, Is.SameAs(asked));
        Assert.That(New(o => o with { Algorithms = ["ES256", "RS256"] }, first).File, Is.Not.SameAs(asked));
    }

    [Test]
    public void F5_two_tokens_could_be_two_callers()
    {
        var provider = New(o => o with { Header = "X-Token", Cookie = "token", Query = "access_token" });
        var token = _issuer.Token();
        string[] places = [$"Authorization: Bearer {token}", $"X-Token: {token}", $"Cookie: a=b; token={token}; c=d"];
        var query = $"/?a=b&access_token={token}";

        foreach (var place in places)
        {
            Assert.That(Identify(provider, Request("/", place)).Verdict, Is.EqualTo(ProviderVerdict.Known), place);
            Assert.That(Identify(provider, Request("/", place, place)).Fault, Is.EqualTo(FaultKind.CredentialAmbiguous), place);
            Assert.That(Identify(provider, Request(query, place)).Fault, Is.EqualTo(FaultKind.CredentialAmbiguous), place);
        }

        Assert.That(Identify(provider, Request(query)).Verdict, Is.EqualTo(ProviderVerdict.Known));
        Assert.That(Identify(provider, Request(query + $"&access_token={token}")).Fault, Is.EqualTo(FaultKind.CredentialAmbiguous));
        Assert.That(Identify(provider, Request("/", $"Cookie: token={token}; token={token}")).Fault, Is.EqualTo(FaultKind.CredentialAmbiguous));
        Assert.That(Identify(provider, Request("/", $"Authorization: Bearer {token}", "Authorization: Basic YTpi")).Fault, Is.EqualTo(FaultKind.CredentialAmbiguous));
    }

    [Test]
    public void Other_places_count_only_where_the_file_says_so()
    {
        var provider = New();
        var token = _issuer.Token();
        foreach (var exchange in (Exchange[])[Request("/", $"X-Token: {token}"), Request("/", $"Cookie: token={token}"), Request($"/?access_token={token}"), Request("/", "Authorization: Basic YTpi")])
        {
            Assert.That(provider.IsPresent(exchange), Is.False);
            Assert.That(Identify(provider, exchange).Verdict, Is.EqualTo(ProviderVerdict.Absent));
        }
    }

    [Test]
    public void A_token_that_endpoints_are_not_to_have_is_taken_out_of_wherever_it_was()
    {
        var provider = New(o => o with { Header = "X-Token", Cookie = "token", Query = "access_token", KeepCredential = false });
        var exchange = Request("/?a=b&access_token=x&c=d", "Authorization: Bearer x", "X-Token: x", "Cookie: a=b; token=x; c=d", "Cookie: token=x", "Accept: */*");
        provider.RemoveCredential(exchange);

        Assert.That(exchange.Request.Fields.Lines(), Is.EqualTo(new[] { "Accept: */*", "Cookie: a=b; c=d" }));
        Assert.That(Encoding.ASCII.GetString(exchange.Request.Query), Is.EqualTo("a=b&c=d"));
    }

    [Test]
    public void A_token_stays_where_nobody_says_otherwise()
    {
        var exchange = Request("/", "Authorization: Bearer x");
        New().RemoveCredential(exchange);
        Assert.That(exchange.Request.Fields.Lines(), Is.EqualTo(new[] { "Authorization: Bearer x" }));
    }

    [TestCase("Authorization: Bearer", FaultKind.TokenMalformed)]
    [TestCase("Authorization: Bearer  ", FaultKind.TokenMalformed)]
    [TestCase("Authorization: bearer a b", FaultKind.TokenMalformed)]
    [TestCase("Authorization: Bearer a,Bearer b", FaultKind.TokenMalformed)]
    [TestCase("Authorization: Bearer ..", FaultKind.TokenMalformed)]
    public void What_is_no_token_is_refused(string field, FaultKind fault) => Assert.That(Identify(New(), Request("/", field)).Fault, Is.EqualTo(fault));

    [Test]
    public void A_token_that_is_too_long_is_refused_without_a_look() =>
        Assert.That(Identify(New(), Request("/", $"Authorization: Bearer {new string('a', 8193)}")).Fault, Is.EqualTo(FaultKind.CredentialTooLarge));

    [Test]
    public void A_challenge_says_of_an_error_only_to_who_sent_something()
    {
        var provider = New();
        Assert.That(Encoding.ASCII.GetString(provider.Challenge(FaultKind.CredentialMissing)!), Is.EqualTo("Bearer realm=\"riders\""));
        Assert.That(Encoding.ASCII.GetString(provider.Challenge(FaultKind.TokenExpired)!), Is.EqualTo("Bearer realm=\"riders\", error=\"invalid_token\""));
    }

    [Test]
    public void A_token_that_is_remembered_costs_nothing_to_the_collector()
    {
        var provider = New();
        var exchange = Request("/", $"Authorization: Bearer {_issuer.Token()}");
        Identify(provider, exchange);

        Assert.That(
            Allocations.Of(() =>
            {
                exchange.Decisions.Reset();
                _ = provider.IsPresent(exchange) && Identify(provider, exchange).Verdict == ProviderVerdict.Known;
            }),
            Is.Zero);
    }

    private static ProviderAnswer Identify(IdentityProvider provider, Exchange exchange)
    {
        var answer = provider.IdentifyAsync(exchange);
        return answer.IsCompletedSuccessfully ? answer.Result : throw new AssertionException("there is nothing to wait for");
    }

    private ProviderAnswer Identify(IdentityProvider provider, string token) => Identify(provider, Request("/", $"Authorization: Bearer {token}"));

    private Exchange Request(string target, params string[] fields) => Heads.Refill(new Exchange(_loops.Loops[0]), target, fields);

    private void Publish(IdentityProvider? provider = null)
    {
        File.WriteAllText(_folder["jwks.json"], _issuer.Jwks);
        Assert.That(provider?.File?.Refresh(), Is.Not.False);
    }

    private IdentityProvider New(Func<JwtOptions, JwtOptions>? change = null, IdentityProvider? previous = null)
    {
        var options = new JwtOptions { Issuer = _issuer.Name, Audiences = [TestIssuer.Audience], Algorithms = ["ES256"], Keys = new JwtKeysOptions { From = _folder["jwks.json"] } };
        var context = new BuildContext { Time = _time, Loops = 1, Seeds = new Random(1), Connections = null! };
        return JwtProvider.Create(new ProviderBuild("riders", new ProviderOptions { Jwt = change?.Invoke(options) ?? options }, ValueMap<ConsumerOptions>.Empty, previous, context, null!))!;
    }
}
