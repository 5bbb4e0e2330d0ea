using LoadBalancer.Discovery.Dns;

namespace LoadBalancer.Tests.Discovery.Dns;

internal sealed class ResolvConfTests
{
    [Test]
    public void Has_the_defaults_of_its_manual_page_where_it_is_empty()
    {
        var conf = ResolvConf.Parse("", "host");
        Assert.That((conf.Servers.Single().ToString(), conf.Ndots, conf.Timeout.TotalSeconds, conf.Attempts, conf.Rotate), Is.EqualTo(("127.0.0.1:53", 1, 5, 2, false)));
        Assert.That(conf.Search, Is.Empty);
        Assert.That(ResolvConf.Parse("", "host.example.com").Search, Is.EqualTo(new[] { "example.com" }), "the machine's own domain");
    }

    [Test]
    public void Reads_servers_search_and_options()
    {
        var conf = ResolvConf.Parse(
            """
            # nameserver 10.9.9.9
            ; search no.example
            nameserver 10.0.0.2
            nameserver	fe80::1%lo
            nameserver not-an-address
            nameserver 2001:db8::53
            nameserver 10.0.0.5
            domain first.example
            search a.example. b.example B.example
            options ndots:5 timeout:2 attempts:3 rotate edns0 unknown:7
            nonsense
            """,
            "host.example.com");

        Assert.That(conf.Servers.Select(server => (server.Address.AddressFamily.ToString(), server.Port)), Is.EqualTo(new[]
        {
            ("InterNetwork", 53), ("InterNetworkV6", 53), ("InterNetworkV6", 53),
        }), "three at most");
        Assert.That(conf.Search, Is.EqualTo(new[] { "a.example", "b.example" }), "the last of domain and search counts");
        Assert.That((conf.Ndots, conf.Timeout.TotalSeconds, conf.Attempts, conf.Rotate), Is.EqualTo((5, 2, 3, true)));
    }

    [TestCase("options ndots:99 timeout:99 attempts:99", 15, 30, 5)]
    [TestCase("options ndots:0 timeout:0 attempts:0", 0, 1, 1)]
    [TestCase("options ndots:x timeout: attempts:-1", 1, 5, 2)]
    public void Bounds_its_numbers(string text, int ndots, int seconds, int attempts)
    {
        var conf = ResolvConf.Parse(text, "host");
        Assert.That((conf.Ndots, conf.Timeout.TotalSeconds, conf.Attempts), Is.EqualTo((ndots, seconds, attempts)));
    }

    [TestCase("db", 1, "db.a.example db.b.example db")]
    [TestCase("db.x", 1, "db.x db.x.a.example db.x.b.example")]
    [TestCase("db.x", 2, "db.x.a.example db.x.b.example db.x")]
    [TestCase("db.", 1, "db.")]
    [TestCase("db", 0, "db db.a.example db.b.example")]
    public void Tries_names_in_the_order_of_the_C_library(string name, int ndots, string candidates) =>
        Assert.That(string.Join(' ', ResolvConf.Parse($"search a.example b.example\noptions ndots:{ndots}", "host").Candidates(name)), Is.EqualTo(candidates));
}
