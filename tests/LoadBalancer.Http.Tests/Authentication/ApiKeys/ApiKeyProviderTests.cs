using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.ApiKeys;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication.ApiKeys;

internal sealed class ApiKeyProviderTests
{
    private const string Key = "lbk_a_secret";

    private static readonly ConsumerOptions Acme = new() { ApiKeys = [KeyHash.Of("lbk_a_secret"u8), KeyHash.Of("another"u8)], Plan = "pro", Roles = ["buyer"], Scopes = ["read", "write"] };

    [TestCase("lbk_a_secret", true)]
    [TestCase("another", true)]
    [TestCase("lbk_a_secret2", false)]
    [TestCase("lbk_a_secre", false)]
    [TestCase("LBK_A_SECRET", false)]
    [TestCase("", false)]
    [TestCase("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", false)]
    public void A_key_is_somebodys_or_nobodys(string key, bool known)
    {
        var answer = Ask(Provider(), Heads.Request("/", $"X-API-Key: {key}"));
        Assert.That((answer.Identity?.Subject, answer.Fault), Is.EqualTo(known ? ("acme", FaultKind.None) : ((string?)null, FaultKind.ApiKeyUnknown)));
    }

    [Test]
    public void Its_identity_is_what_the_consumer_has()
    {
        var identity = Ask(Provider(), Heads.Request("/", $"X-API-Key: {Key}")).Identity!;
        Assert.That((identity.Provider, identity.Plan, identity.ExpiresAt), Is.EqualTo(("p", "pro", long.MaxValue)));
        Assert.That((identity.Roles, identity.Scopes), Is.EqualTo((Acme.Roles.Items, Acme.Scopes.Items)));
        Assert.That(identity.Claims["sub"], Is.EqualTo(new[] { "acme" }));
        Assert.That(Ask(Provider(), Heads.Request("/", "X-API-Key: another")).Identity, Is.Not.SameAs(identity));
    }

    [Test]
    public void A_key_that_was_only_asked_about_has_not_come()
    {
        var provider = Provider();
        var (asked, called) = (Heads.Request("/", $"X-API-Key: {Key}"), Heads.Request("/", $"X-API-Key: {Key}"));
        asked.IsRehearsal = true;
        Assert.That((Ask(provider, asked).Identity?.Subject, provider.IsCached(called)), Is.EqualTo(("acme", false)));
        Assert.That((Ask(provider, called).Identity?.Subject, provider.IsCached(called)), Is.EqualTo(("acme", true)));
    }

    [Test]
    public void The_endpoint_is_told_what_the_file_forwards()
    {
        var provider = Provider(new ApiKeyOptions { Forward = Builds.Map(("subject", "X-Consumer"), ("scopes", "X-Scopes"), ("key_id", "X-Key")) });
        var identity = Ask(provider, Heads.Request("/", $"X-API-Key: {Key}")).Identity!;
        Assert.That(
            identity.Forwarded.Select(field => (Encoding.ASCII.GetString(field.Name), Encoding.ASCII.GetString(field.Value))),
            Is.EqualTo(new[] { ("X-Consumer", "acme"), ("X-Scopes", "read,write") }), "and of what it has not, nothing");
    }

    [TestCase("/?a=1&api_key=lbk_a_secret&b=2", true)]
    [TestCase("/?api%5Fkey=lbk%5Fa_secret", true)]
    [TestCase("/?api_key=lbk_a_secret%00", false)]
    [TestCase("/?api_key=lbk_a_secret%", false)]
    [TestCase("/?api_key", false)]
    [TestCase("/?api_key=", false)]
    public void A_key_may_come_in_the_query(string target, bool known)
    {
        var answer = Ask(Provider(new ApiKeyOptions { Query = "api_key" }), Heads.Request(target, "X-API-Key: lbk_a_secret"));
        Assert.That((answer.Identity?.Subject, answer.Fault), Is.EqualTo(known ? ("acme", FaultKind.None) : ((string?)null, FaultKind.ApiKeyUnknown)));
    }

    [TestCase("/", "X-API-Key: lbk_a_secret", "X-API-Key: lbk_a_secret")]
    [TestCase("/", "X-API-Key: lbk_a_secret", "x-api-key: x")]
    [TestCase("/?k=lbk_a_secret&k=lbk_a_secret")]
    [TestCase("/?k=lbk_a_secret&%6b=x")]
    [TestCase("/?k=lbk_a_secret", "X-API-Key: lbk_a_secret")]
    public void F5_two_keys_are_none(string target, params string[] fields)
    {
        var provider = Provider(new ApiKeyOptions { Header = "X-API-Key", Query = "k" });
        Assert.That(Ask(provider, Heads.Request(target, fields)).Fault, Is.EqualTo(FaultKind.CredentialAmbiguous));
    }

    [TestCase(512, FaultKind.ApiKeyUnknown)]
    [TestCase(513, FaultKind.CredentialTooLarge)]
    [TestCase(30_000, FaultKind.CredentialTooLarge)]
    public void A_key_is_bounded(int length, FaultKind why)
    {
        var key = new string('x', length);
        Assert.That(Ask(Provider(), Heads.Request("/", $"X-API-Key: {key}")).Fault, Is.EqualTo(why));
        Assert.That(Ask(Provider(new ApiKeyOptions { Query = "k" }), Heads.Request($"/?k={key}")).Fault, Is.EqualTo(why));
    }

    [Test]
    public void Nobody_without_a_key_is_somebody()
    {
        var provider = Provider(new ApiKeyOptions { Header = "X-API-Key", Query = "k" });
        var exchange = Heads.Request("/?kk=lbk_a_secret&K=lbk_a_secret", "Authorization: Bearer lbk_a_secret", "X-API-Keys: lbk_a_secret");
        Assert.That((provider.IsPresent(exchange), Ask(provider, exchange).Verdict), Is.EqualTo((false, ProviderVerdict.Absent)));
    }

    [Test]
    public void Of_a_hundred_thousand_random_keys_none_is_known_and_none_costs_memory()
    {
        var provider = Provider();
        var random = new Random(7);
        var exchange = new Exchange(null!);
        var bytes = new byte[64];
        for (var at = 0; at < 100_000; at++)
        {
            exchange.Reset();
            var key = bytes.AsSpan(0, random.Next(1, bytes.Length));
            random.NextBytes(key);
            exchange.Request.Fields.AddOwn(KnownHeader.Other, "X-API-Key"u8, key);
            if (Ask(provider, exchange).Fault != FaultKind.ApiKeyUnknown)
            {
                Assert.Fail($"this is no key: {Convert.ToHexString(key)}");
            }
        }

        var good = Heads.Request("/", $"X-API-Key: {Key}");
        var bad = Heads.Request("/", "X-API-Key: \u00fe\u00e9");
        Assert.That(
            Allocations.Of(() =>
            {
                for (var at = 0; at < 100; at++)
                {
                    good.Decisions.Reset();
                    _ = provider.IsPresent(good) && Ask(provider, good).Identity is not null;
                    _ = Ask(provider, bad).Identity is not null;
                }
            }), Is.Zero);
    }

    [Test]
    public void The_endpoint_gets_no_key_unless_the_file_says_so()
    {
        var options = new ApiKeyOptions { Header = "X-API-Key", Query = "k" };
        var exchange = Heads.Request("/?a=1&k=x&b=%26&%6B=y&c", "x-api-key: x", "X-Other: 1");
        Provider(options with { KeepCredential = true }).RemoveCredential(exchange);
        Assert.That((Heads.Text(exchange.Request.Query), exchange.Request.Fields.Lines()), Is.EqualTo(("a=1&k=x&b=%26&%6B=y&c", new[] { "x-api-key: x", "X-Other: 1" })));
        Provider(options).RemoveCredential(exchange);
        Assert.That((Heads.Text(exchange.Request.Query), exchange.Request.Fields.Lines()), Is.EqualTo(("a=1&b=%26&c", new[] { "X-Other: 1" })));

        exchange = Heads.Request("/?k=x");
        Provider(options).RemoveCredential(exchange);
        Assert.That((exchange.Request.HasQuery, exchange.Request.Query.Length), Is.EqualTo((false, 0)));
    }

    [Test]
    public void A_challenge_names_no_key() =>
        Assert.That(Encoding.ASCII.GetString(Provider().Challenge(FaultKind.CredentialMissing)!), Is.EqualTo("ApiKey realm=\"p\""));

    private static IdentityProvider Provider(ApiKeyOptions? options = null) =>
        ApiKeyProvider.Create(Builds.Of(new ProviderOptions { ApiKey = options ?? new ApiKeyOptions() }, null, ("acme", Acme)))!;

    private static ProviderAnswer Ask(IdentityProvider provider, Exchange exchange)
    {
        var answer = provider.IdentifyAsync(exchange);
        return answer.IsCompletedSuccessfully ? answer.Result : throw new InvalidOperationException("it waits");
    }
}
