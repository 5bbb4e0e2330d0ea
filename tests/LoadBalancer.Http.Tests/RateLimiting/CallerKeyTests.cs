using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.RateLimiting;

internal sealed class CallerKeyTests
{
    [TestCase("192.0.2.1", "ip:192.0.2.1")]
    [TestCase("::ffff:192.0.2.1", "ip:192.0.2.1")]
    [TestCase("2001:db8:1:2:3:4:5:6", "ip:2001:db8:1:2::/64")]
    [TestCase("2001:db8:1:2:ffff::1", "ip:2001:db8:1:2::/64")]
    [TestCase("2001:db8:1:3::1", "ip:2001:db8:1:3::/64")]
    [TestCase(null, "ip:unix")]
    public void T39_a_client_is_an_address_or_a_network_of_64_bits(string? address, string text)
    {
        var exchange = Heads.Request("/");
        exchange.ClientAddress = address is null ? null : IPAddress.Parse(address);
        Assert.That(Text(exchange, "client_ip"), Is.EqualTo((text, (string?)null)));
    }

    [Test]
    public void The_same_subject_of_two_providers_is_two_callers()
    {
        var (one, other) = (Heads.Request("/"), Heads.Request("/"));
        (one.Identity, other.Identity) = (Caller("a", "7"), Caller("b", "7"));
        Assert.That((Text(one, "identity").Text, Text(other, "identity").Text), Is.EqualTo(("identity:a:7", "identity:b:7")));
    }

    [TestCase("identity")]
    [TestCase("header:X-Tenant")]
    [TestCase("claim:tenant")]
    public void T39_what_is_missing_is_the_clients_address_and_never_one_for_all(string key)
    {
        var (one, other) = (Heads.Request("/", "X-Other: a", "X-Tenant:"), Heads.Request("/"));
        other.ClientAddress = IPAddress.Parse("192.0.2.9");
        Assert.That(Text(one, key), Is.EqualTo(("ip:198.51.100.7", $"client_ip (no {key})")));
        Assert.That(Text(other, key).Text, Is.EqualTo("ip:192.0.2.9"));
    }

    [Test]
    public void A_value_that_looks_like_another_kind_of_caller_is_not_that_caller()
    {
        var exchange = Heads.Request("/", "X-Tenant: ip:198.51.100.7");
        Assert.That(Text(exchange, "header:X-Tenant").Text, Is.EqualTo("header:ip:198.51.100.7"));
        exchange.Identity = Caller("a", "b", ("tenant", ["acme", "other"]), ("empty", [""]));
        Assert.That(Text(exchange, "claim:tenant").Text, Is.EqualTo("claim:acme"));
        Assert.That(Text(exchange, "claim:empty").Text, Is.EqualTo("ip:198.51.100.7"));
    }

    [Test]
    public void Parts_of_a_combination_cannot_be_moved_from_one_to_another()
    {
        var texts = new[] { ("a", "bc"), ("ab", "c"), ("", "abc"), ("abc", "") }.Select(pair =>
        {
            var exchange = Heads.Request("/", $"X-A: {pair.Item1}", $"X-B: {pair.Item2}");
            return Text(exchange, "header:X-A", "header:X-B").Text;
        });
        Assert.That(texts, Is.Unique);
    }

    [TestCase(256, false)]
    [TestCase(257, true)]
    [TestCase(30_000, true)]
    public void Long_values_are_hashed_so_that_each_is_a_caller_of_its_own(int length, bool isHashed)
    {
        var (one, other) = (Heads.Request("/", $"X-A: {new string('x', length)}"), Heads.Request("/", $"X-A: {new string('x', length - 1)}y"));
        var (text, second) = (Text(one, "header:X-A").Text, Text(other, "header:X-A").Text);
        Assert.That((text == second, text.Length <= 256), Is.EqualTo((false, true)));
        Assert.That(text, isHashed ? Does.StartWith("header#") : Does.StartWith("sha256:"), "the text of all is bounded too");
        one.Identity = Caller("a", new string('\u00fc', length));
        Assert.That(Text(one, "identity").Text, Does.StartWith("identity:a#"));
    }

    [Test]
    public void Whoever_could_write_a_hash_has_another_text() =>
        Assert.That(
            Text(Heads.Request("/", "X-A: #" + Text(Heads.Request("/", $"X-A: {new string('x', 300)}"), "header:X-A").Text["header#".Length..]), "header:X-A").Text,
            Does.StartWith("header:#"));

    [Test]
    public void It_is_written_without_allocation()
    {
        var exchange = Heads.Request("/", "X-A: a");
        exchange.Identity = Caller("a", new string('x', 1000), ("tenant", ["acme"]));
        var key = new CallerKey(Sources("identity", "header:X-A", "claim:tenant"));
        var room = new byte[CallerKey.Room];
        Assert.That(Allocations.Of(() => key.Write(exchange, room, out _)), Is.Zero);
    }

    private static (string Text, string? Missing) Text(Exchange exchange, params string[] sources)
    {
        var room = new byte[CallerKey.Room];
        var length = new CallerKey(Sources(sources)).Write(exchange, room, out var missing);
        return (Encoding.UTF8.GetString(room.AsSpan(0, length)), missing);
    }

    private static ValueList<LimitKeySource> Sources(params string[] sources) =>
        [.. sources.Select(source => LimitKeySource.Kind.Read(new ScalarNode(SourceSpan.Whole("lb.yaml"), "key", source), default, new ConfigReader()))];

    private static Identity Caller(string provider, string subject, params (string Name, string[] Values)[] claims) => new()
    {
        Provider = provider,
        Subject = subject,
        Claims = claims.ToFrozenDictionary(claim => claim.Name, claim => claim.Values.ToImmutableArray(), StringComparer.Ordinal),
    };
}
