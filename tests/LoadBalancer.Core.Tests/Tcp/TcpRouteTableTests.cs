using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;
using LoadBalancer.Tcp;
using LoadBalancer.Tests.Upstreams;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Tcp;

internal sealed class TcpRouteTableTests : UpstreamFixture
{
    private readonly Dictionary<string, Upstream> _upstreams = [];

    [SetUp]
    public void MakeUpstreams()
    {
        _upstreams.Clear();
        foreach (var name in (string[])["a", "b", "c", "rest"])
        {
            _upstreams[name] = NewUpstream(name);
        }
    }

    [TestCase("imap.example.com", "a")]
    [TestCase("example.org", null, Description = "a wildcard stands for at least one label")]
    [TestCase("x.example.org", "b")]
    [TestCase("x.y.example.org", "b", Description = "and for several")]
    [TestCase("x.deep.example.org", "c", Description = "the longest wildcard")]
    [TestCase("deep.example.org", "b")]
    [TestCase("exact.deep.example.org", "a", Description = "an exact name before any wildcard")]
    [TestCase("notexample.org", null)]
    [TestCase("imap.example.com.evil", null)]
    [TestCase("org", null)]
    public void The_exact_name_wins_then_the_longest_wildcard(string name, string? upstream)
    {
        var table = Table(null, ("imap.example.com", "a"), ("*.example.org", "b"), ("*.deep.example.org", "c"), ("exact.deep.example.org", "a"));
        Assert.That(table.Find(name)?.Name, Is.EqualTo(upstream));
    }

    [Test]
    public void The_order_in_the_file_means_nothing()
    {
        (string, string)[] routes = [("*.example.org", "b"), ("*.deep.example.org", "c"), ("x.example.org", "a")];
        foreach (var table in new[] { Table(null, routes), Table(null, [.. routes.Reverse()]) })
        {
            Assert.That(new[] { "x.example.org", "y.example.org", "y.deep.example.org" }.Select(name => table.Find(name)?.Name), Is.EqualTo(new[] { "a", "b", "c" }));
        }
    }

    [Test]
    public void What_no_name_leads_on_goes_to_otherwise()
    {
        var table = Table("rest", ("imap.example.com", "a"));
        Assert.That((table.Find("other.example")?.Name, table.Otherwise?.Name, table.Only), Is.EqualTo(("rest", "rest", (Upstream?)null)));
    }

    [Test]
    public void A_lookup_allocates_nothing()
    {
        var table = Table(null, ("imap.example.com", "a"), ("*.example.org", "b"));
        Assert.That(
            Allocations.Of(() =>
            {
                for (var run = 0; run < 1000; run++)
                {
                    table.Find("one.two.three.example.org");
                    table.Find("nobody.example");
                }
            }),
            Is.LessThan(1000));
    }

    [Test]
    public void A_reload_that_changes_no_route_and_no_upstream_keeps_the_table()
    {
        var options = Options("rest", ("imap.example.com", "a"), ("*.example.org", "b"));
        var table = new TcpRouteTable(options, _upstreams);
        Assert.That(table.LeadsAs(Options("rest", ("*.example.org", "b"), ("imap.example.com", "a")), _upstreams), Is.True);
        Assert.That(table.LeadsAs(Options(null, ("imap.example.com", "a"), ("*.example.org", "b")), _upstreams), Is.False);
        foreach (var changed in (string[])["a", "b", "rest"])
        {
            var upstreams = new Dictionary<string, Upstream>(_upstreams) { [changed] = NewUpstream(changed) };
            Assert.That(table.LeadsAs(options, upstreams), Is.False, $"'{changed}' is another object");
        }

        var only = new TcpRouteTable(new TcpOptions("a"), _upstreams);
        Assert.That((only.LeadsAs(new TcpOptions("a"), _upstreams), only.LeadsAs(new TcpOptions("b"), _upstreams)), Is.EqualTo((true, false)));
    }

    private Upstream NewUpstream(string name) =>
        new(name, new UpstreamOptions { Endpoints = [new EndpointOptions { Address = System.Net.IPEndPoint.Parse("127.0.0.1:1") }] }, previous: null, Context);

    private TcpRouteTable Table(string? otherwise, params (string Name, string Upstream)[] routes) => new(Options(otherwise, routes), _upstreams);

    private static TcpOptions Options(string? otherwise, params (string Name, string Upstream)[] routes) => new((string?)null)
    {
        Sni = new ValueMap<string>(routes.Select(route => KeyValuePair.Create(route.Name, route.Upstream))),
        Otherwise = otherwise,
    };
}
