using System.Net;
using LoadBalancer.Balancing;
using LoadBalancer.Http.Forwarding;
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

    [Test]
    public void Allocates_nothing()
    {
        var exchange = Heads.Request("/a", "X-User: 7", "Cookie: sid=s1");
        var header = new HashKeys(new HashSource(HashSourceType.Header, "X-User"));
        var cookie = new HashKeys(new HashSource(HashSourceType.Cookie, "sid"));
        Assert.That(Allocations.Of(() => _ = header.Of(exchange) ^ cookie.Of(exchange)), Is.Zero);
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
