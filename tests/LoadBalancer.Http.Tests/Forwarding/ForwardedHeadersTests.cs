using System.Net;
using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Addresses;
using LoadBalancer.Faults;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Forwarding;

internal sealed class ForwardedHeadersTests
{
    // F1: what speaks of the client. F2 to F4 are in HopByHopHeadersTests.
    private static readonly string[] Spoofs =
    [
        "X-Forwarded-For: 10.1.1.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example", "X-Forwarded-Port: 443", "X-Forwarded-Prefix: /admin",
        "X-Forwarded-Server: evil", "X-Forwarded-Ssl: on", "Forwarded: for=10.1.1.1;proto=https", "X-Real-IP: 10.1.1.1", "X-Original-URL: /admin",
        "X-Rewrite-URL: /admin", "X-Request-Id: chosen",
    ];

    private static readonly string[] Owned =
    [
        "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-IP", "X-Request-Id", "traceparent",
    ];

    private readonly ForwardedHeaders _headers = new(new IpSet([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("fd00::/8")]));

    [Test]
    public void F1_what_an_untrusted_client_says_of_itself_is_replaced()
    {
        var exchange = Identify("198.51.100.7", ["Host: shop.example", .. Spoofs]);
        Assert.That(exchange.ClientAddress, Is.EqualTo(IPAddress.Parse("198.51.100.7")));
        Assert.That(exchange.IsClientSecure, Is.False);
        var id = Heads.Text(exchange.RequestId);
        Assert.That(id, Does.Match("^[0-9a-f]{32}$"));
        Assert.That(exchange.Request.Fields.Lines().SkipLast(1), Is.EqualTo(new[]
        {
            "Host: shop.example", "X-Forwarded-For: 198.51.100.7", "X-Real-IP: 198.51.100.7", "X-Forwarded-Proto: http", "X-Forwarded-Port: 8080",
            "X-Forwarded-Host: shop.example", $"X-Request-Id: {id}", "Via: 1.1 lb",
        }));
    }

    [Test]
    public void F1_a_trusted_proxy_is_believed_and_added()
    {
        var exchange = Identify(
            "10.0.0.1", "Host: shop.internal", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example", "X-Forwarded-Port: 443",
            "X-Forwarded-Prefix: /shop", "X-Request-Id: abc-1", "X-Real-IP: 192.0.2.1");
        var fields = exchange.Request.Fields;
        Assert.That(exchange.ClientAddress, Is.EqualTo(IPAddress.Parse("203.0.113.9")));
        Assert.That(exchange.IsClientSecure, Is.True);
        Assert.That(Heads.Text(exchange.RequestId), Is.EqualTo("abc-1"));
        Assert.That(fields.Values("X-Forwarded-For"), Is.EqualTo(new[] { "203.0.113.9, 10.0.0.1" }));
        Assert.That(fields.Values("X-Real-IP"), Is.EqualTo(new[] { "203.0.113.9" }));
        Assert.That(fields.Values("X-Forwarded-Proto"), Is.EqualTo(new[] { "https" }));
        Assert.That(fields.Values("X-Forwarded-Host"), Is.EqualTo(new[] { "shop.example" }));
        Assert.That(fields.Values("X-Forwarded-Port"), Is.EqualTo(new[] { "443" }));
        Assert.That(fields.Values("X-Forwarded-Prefix"), Is.EqualTo(new[] { "/shop" }));
        Assert.That(fields.Values("Forwarded"), Is.Empty);
    }

    [TestCase("203.0.113.9", "203.0.113.9", TestName = "F1 the only address")]
    [TestCase("1.1.1.1, 203.0.113.9", "203.0.113.9", TestName = "F1 the first untrusted one from the right, not what the client wrote before")]
    [TestCase("1.1.1.1, 203.0.113.9, 10.2.2.2, fd00::1", "203.0.113.9", TestName = "F1 trusted proxies are passed over")]
    [TestCase("10.3.3.3, 10.2.2.2", "10.3.3.3", TestName = "F1 the farthest, where all are trusted")]
    [TestCase("203.0.113.9:4711", "203.0.113.9", TestName = "F1 with a port")]
    [TestCase("[2001:db8::1]:4711", "2001:db8::1", TestName = "F1 IPv6 with a port")]
    [TestCase("[2001:db8::1]", "2001:db8::1", TestName = "F1 IPv6 in brackets")]
    [TestCase("2001:db8::1", "2001:db8::1", TestName = "F1 IPv6 bare")]
    [TestCase("::ffff:203.0.113.9", "203.0.113.9", TestName = "F1 IPv4 in the dress of IPv6")]
    [TestCase("203.0.113.9, unknown, 10.2.2.2", "10.2.2.2", TestName = "F1 unknown ends the search at the last known one")]
    [TestCase("unknown", "10.0.0.1", TestName = "F1 unknown alone leaves the proxy")]
    [TestCase("010.0.0.9", "10.0.0.1", TestName = "F1 octal is no address")]
    [TestCase("203.0.113", "10.0.0.1", TestName = "F1 a short form is no address")]
    [TestCase("1.1.1.1,,  ,203.0.113.9 , ", "203.0.113.9", TestName = "F1 empty elements count for nothing")]
    [TestCase("\"1.1.1.1, 203.0.113.9", "203.0.113.9", TestName = "F1 an open quote of the client hides nothing")]
    public void F1_the_client_is_the_first_untrusted_address_from_the_right(string chain, string client)
    {
        var exchange = Identify("10.0.0.1", "Host: a", $"X-Forwarded-For: {chain}");
        Assert.That(exchange.ClientAddress, Is.EqualTo(IPAddress.Parse(client)));
        Assert.That(exchange.Request.Fields.Values("X-Real-IP"), Is.EqualTo(new[] { client }));
        Assert.That(exchange.Request.Fields.Values("X-Forwarded-For"), Has.Length.EqualTo(1).And.All.EndsWith(", 10.0.0.1"));
    }

    [Test]
    public void F1_a_chain_on_several_lines_is_one_chain()
    {
        var exchange = Identify("10.0.0.1", "Host: a", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 10.2.2.2");
        Assert.That(exchange.ClientAddress, Is.EqualTo(IPAddress.Parse("203.0.113.9")));
        Assert.That(exchange.Request.Fields.Values("X-Forwarded-For"), Is.EqualTo(new[] { "203.0.113.9,10.2.2.2, 10.0.0.1" }));
    }

    [Test]
    public void F1_no_more_than_50_hops_are_read_or_sent_on()
    {
        var chain = string.Join(", ", Enumerable.Range(0, 60).Select(hop => $"10.9.9.{hop}"));
        var exchange = Identify("10.0.0.1", "Host: a", $"X-Forwarded-For: 203.0.113.9, {chain}");
        Assert.That(exchange.ClientAddress, Is.EqualTo(IPAddress.Parse("10.9.9.10")));
        Assert.That(exchange.Request.Fields.Values("X-Forwarded-For")[0].Split(", "), Has.Length.EqualTo(50).And.ItemAt(0).EqualTo("10.9.9.11").And.ItemAt(49).EqualTo("10.0.0.1"));
    }

    [Test]
    public void F1_the_scheme_and_host_are_those_of_the_clients_hop()
    {
        // client ─https─► 10.2.2.2 ─http─► 10.0.0.1 ─http─► lb; each proxy appends.
        var exchange = Identify(
            "10.0.0.1", "Host: c.internal", "X-Forwarded-For: 203.0.113.9, 10.2.2.2", "X-Forwarded-Proto: http, https, http", "X-Forwarded-Host: evil, shop.example, b.internal");
        Assert.That(exchange.IsClientSecure, Is.True);
        Assert.That(exchange.Request.Fields.Values("X-Forwarded-Proto"), Is.EqualTo(new[] { "https" }));
        Assert.That(exchange.Request.Fields.Values("X-Forwarded-Host"), Is.EqualTo(new[] { "shop.example" }));
    }

    [Test]
    public void F1_a_proxy_may_speak_in_Forwarded_alone()
    {
        var exchange = Identify("10.0.0.1", "Host: a.internal", "Forwarded: for=1.1.1.1;proto=http, For=\"[2001:db8::1]:4711\";proto=https;by=_x");
        Assert.That(exchange.ClientAddress, Is.EqualTo(IPAddress.Parse("2001:db8::1")));
        Assert.That(exchange.IsClientSecure, Is.True);
        var fields = exchange.Request.Fields;
        Assert.That(fields.Values("X-Forwarded-For"), Is.EqualTo(new[] { "2001:db8::1, 10.0.0.1" }));
        Assert.That(fields.Values("X-Forwarded-Proto"), Is.EqualTo(new[] { "https" }));
        Assert.That(fields.Values("Forwarded"), Is.EqualTo(new[]
        {
            "for=1.1.1.1;proto=http, For=\"[2001:db8::1]:4711\";proto=https;by=_x, for=10.0.0.1;host=\"a.internal\";proto=http",
        }));
    }

    [Test]
    public void F1_a_Forwarded_that_says_otherwise_than_X_Forwarded_For_is_the_clients_own()
    {
        var exchange = Identify("10.0.0.1", "Host: a", "X-Forwarded-For: 203.0.113.9", "Forwarded: for=10.2.2.2");
        Assert.That(exchange.ClientAddress, Is.EqualTo(IPAddress.Parse("203.0.113.9")));
        Assert.That(exchange.Request.Fields.Values("Forwarded"), Is.Empty);
    }

    [Test]
    public void F1_a_trusted_proxy_that_says_nothing_is_the_client()
    {
        var exchange = Identify("10.0.0.1", "Host: a");
        Assert.That(exchange.ClientAddress, Is.EqualTo(IPAddress.Parse("10.0.0.1")));
        Assert.That(exchange.Request.Fields.Values("X-Forwarded-For"), Is.EqualTo(new[] { "10.0.0.1" }));
    }

    [TestCase("a b")]
    [TestCase("evil/path")]
    [TestCase("u@evil")]
    public void F1_a_host_that_could_be_none_is_not_carried_on(string host)
    {
        var exchange = Identify("10.0.0.1", "Host: shop.example", $"X-Forwarded-Host: {host}");
        Assert.That(exchange.Request.Fields.Values("X-Forwarded-Host"), Is.EqualTo(new[] { "shop.example" }));
    }

    [Test]
    public void The_peer_of_a_Unix_socket_has_no_address_and_is_not_believed()
    {
        var exchange = Heads.Request("/", "Host: a", "X-Forwarded-For: 1.1.1.1");
        exchange.Peer = exchange.Local = new UnixDomainSocketEndPoint("/run/lb.sock");
        _headers.Identify(exchange);
        Assert.That(exchange.ClientAddress, Is.Null);
        Assert.That(exchange.Request.Fields.Lines().Where(line => line.StartsWith("X-", StringComparison.Ordinal)).SkipLast(1),
            Is.EqualTo(new[] { "X-Forwarded-Proto: http", "X-Forwarded-Host: a" }));
    }

    [TestCase("198.51.100.7")]
    [TestCase("::ffff:198.51.100.7")]
    [TestCase("fe80::1%3")]
    public void An_address_is_written_in_its_plain_form(string peer)
    {
        var exchange = Identify(peer, "Host: a");
        Assert.That(exchange.Request.Fields.Values("X-Real-IP"), Is.EqualTo(new[] { peer.Replace("::ffff:", "", StringComparison.Ordinal).Split('%')[0] }));
    }

    [TestCase("")]
    [TestCase("two words")]
    [TestCase("<script>")]
    public void An_id_that_could_do_harm_is_replaced_even_from_a_trusted_proxy(string id)
    {
        var exchange = Identify("10.0.0.1", "Host: a", $"X-Request-Id: {id}");
        Assert.That(Heads.Text(exchange.RequestId), Does.Match("^[0-9a-f]{32}$"));
        Assert.That(exchange.Request.Fields.Values("X-Request-Id"), Has.Length.EqualTo(1));
    }

    [Test]
    public void Whatever_a_client_sends_an_endpoint_never_sees_two_values_of_a_field_that_is_ours()
    {
        var names = Owned.Concat(["Forwarded", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Original-URL", "X-Rewrite-URL", "x-FORWARDED-for", "X_Forwarded_For", "Connection", "Cookie"]).ToArray();
        var values = new[]
        {
            "10.0.0.2", "203.0.113.9", "1.1.1.1, 10.0.0.2", "for=1.1.1.1", "for=\"", "https", "http, https", "\"", ",", "unknown", "X-Forwarded-For, X-Real-IP, traceparent",
            "close, X-Forwarded-Proto", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "[::1]:80", "8080", "a.example", "",
        };
        var field = Gen.Elements(names).Zip(Gen.Elements(values), (name, value) => $"{name}: {value}");
        Prop.ForAll(Gen.ArrayOf(field).ToArbitrary(), Gen.Elements("10.0.0.1", "198.51.100.7", "fd00::1").ToArbitrary(), (fields, peer) =>
        {
            var exchange = Identify(peer, ["Host: shop.example", .. fields]);
            var sent = exchange.Request.Fields;
            foreach (var name in Owned)
            {
                Assert.That(sent.Values(name), Has.Length.EqualTo(1), name);
            }

            Assert.That(sent.Values("Forwarded"), Has.Length.LessThanOrEqualTo(1));
            Assert.That(sent.Values("Connection"), Is.Empty);
            Assert.That(sent.Values("X_Forwarded_For"), Is.Empty);
            Assert.That(sent.Values("X-Forwarded-For")[0].Split(", ")[^1], Is.EqualTo(peer));
            Assert.That(sent.Values("X-Real-IP")[0], Is.EqualTo(exchange.ClientAddress!.ToString()));
            Assert.That(Heads.Text(exchange.RequestId), Is.EqualTo(sent.Values("X-Request-Id")[0]));
        }).QuickCheckThrowOnFailure();
    }

    [TestCase("198.51.100.7")]
    [TestCase("10.0.0.1")]
    public void Allocates_nothing(string peer)
    {
        var exchange = new Exchange(null!);
        var address = new IPEndPoint(IPAddress.Parse(peer), 1);
        byte[][] fields = [.. new[] { "shop.example", "203.0.113.9, 10.2.2.2", "https", "curl" }.Select(Encoding.ASCII.GetBytes)];
        Assert.That(Allocations.Of(() =>
        {
            exchange.Reset();
            exchange.Peer = address;
            exchange.Request.Fields.Add("Host"u8, fields[0]);
            exchange.Request.Fields.Add("X-Forwarded-For"u8, fields[1]);
            exchange.Request.Fields.Add("X-Forwarded-Proto"u8, fields[2]);
            exchange.Request.Fields.Add("Connection"u8, "keep-alive"u8);
            if (_headers.Identify(exchange) != FaultKind.None)
            {
                throw new AssertionException("refused");
            }
        }), Is.Zero);
    }

    private Exchange Identify(string peer, params string[] fields)
    {
        var exchange = Heads.Request("/", fields);
        exchange.Peer = new IPEndPoint(IPAddress.Parse(peer), 40000);
        Assert.That(_headers.Identify(exchange), Is.EqualTo(FaultKind.None));
        return exchange;
    }
}
