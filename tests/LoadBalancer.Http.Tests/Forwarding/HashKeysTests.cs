using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using LoadBalancer.Balancing;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Tests.Forwarding;

internal sealed class HashKeysTests
{
    private static readonly ulong Client = HashKey.OfAddress(IPAddress.Parse("198.51.100.7"));

    [TestCase("path", "/a")]
    [TestCase("header:x-user", "7")]
    [TestCase("header:Host", "a.example")]
    [TestCase("cookie:sid", "s1")]
    public void The_key_is_of_what_the_file_names(string on, string hashed) =>
        Assert.That(Of(on), Is.EqualTo(HashKey.Of(System.Text.Encoding.ASCII.GetBytes(hashed))));

    [TestCase("client_ip")]
    [TestCase("header:X-None")]
    [TestCase("cookie:none")]
    public void Without_it_the_key_is_the_clients(string on) => Assert.That(Of(on), Is.EqualTo(Client));

    [TestCase("tenant", "J\u00fcrgen & Co")]
    [TestCase("groups", "ops", Description = "the first value")]
    [TestCase("sub", "17")]
    public void The_key_is_of_a_claim_of_the_caller(string claim, string hashed) =>
        Assert.That(new HashKeys(new HashSource(HashSourceType.Claim, claim)).Of(Known()), Is.EqualTo(HashKey.Of(System.Text.Encoding.UTF8.GetBytes(hashed))));

    [Test]
    public void Nobody_and_a_caller_without_the_claim_go_by_the_clients_address()
    {
        Assert.That(new HashKeys(new HashSource(HashSourceType.Claim, "sub")).Of(Heads.Request("/")), Is.EqualTo(Client));
        Assert.That(new HashKeys(new HashSource(HashSourceType.Claim, "none")).Of(Known()), Is.EqualTo(Client));
        Assert.That(new HashKeys(new HashSource(HashSourceType.Claim, "empty")).Of(Known()), Is.EqualTo(Client));
    }

    [Test]
    public void Allocates_nothing()
    {
        var exchange = Heads.Request("/a", "X-User: 7", "Cookie: sid=s1");
        var header = new HashKeys(new HashSource(HashSourceType.Header, "X-User"));
        var cookie = new HashKeys(new HashSource(HashSourceType.Cookie, "sid"));
        var (known, claim) = (Known(), new HashKeys(new HashSource(HashSourceType.Claim, "sub")));
        Assert.That(Allocations.Of(() => _ = header.Of(exchange) ^ cookie.Of(exchange) ^ claim.Of(known)), Is.Zero);
    }

    private static Exchange Known()
    {
        var exchange = Heads.Request("/");
        exchange.Identity = new Identity
        {
            Provider = "p",
            Subject = "17",
            Claims = new Dictionary<string, ImmutableArray<string>> { ["tenant"] = ["J\u00fcrgen & Co"], ["groups"] = ["ops", "staff"], ["empty"] = [""], ["none"] = [] }.ToFrozenDictionary(),
        };
        return exchange;
    }

    private static ulong Of(string on) =>
        new HashKeys(Source(on)).Of(Heads.Request("/a?b", "Host: a.example", "X-User: 7", "Cookie: x=y; sid=s1"));

    private static HashSource Source(string on) => on.Split(':') switch
    {
        ["header", var name] => new HashSource(HashSourceType.Header, name),
        ["cookie", var name] => new HashSource(HashSourceType.Cookie, name),
        ["path"] => new HashSource(HashSourceType.Path),
        _ => HashSource.ClientIp,
    };
}
