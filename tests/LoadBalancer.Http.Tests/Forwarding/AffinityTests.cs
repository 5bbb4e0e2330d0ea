using System.Net;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Tests;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Tests.Forwarding;

internal sealed class AffinityTests
{
    private static readonly UpstreamOptions Options = new() { Affinity = new AffinityOptions { Cookie = "lb", Ttl = TimeSpan.FromHours(1) } };

    private readonly Endpoint[] _endpoints = [.. Enumerable.Range(1, 3).Select(host => new Endpoint(new EndpointId("up", new IPEndPoint(IPAddress.Parse($"10.0.0.{host}"), 80)), 1))];

    [Test]
    public void The_first_response_sets_a_cookie_that_leads_back()
    {
        var exchange = Heads.Request("/");
        exchange.Endpoint = _endpoints[1];
        Affinity.Set(exchange, Options);
        var cookie = exchange.Response.Fields.Values("Set-Cookie").Single();
        Assert.That(cookie, Does.Match("^lb=[0-9a-f]{16}; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600$"));

        var next = Heads.Request("/", $"Cookie: a=1; {cookie.Split(';')[0]}; b=2");
        Assert.That(Affinity.Find(next, Options, View(_endpoints)), Is.SameAs(_endpoints[1]));
        next.Endpoint = _endpoints[1];
        Affinity.Set(next, Options);
        Assert.That(next.Response.Fields.Values("Set-Cookie"), Is.Empty);
    }

    [Test]
    public void An_endpoint_that_may_not_be_picked_is_not_found_and_the_cookie_moves()
    {
        var exchange = Heads.Request("/", $"Cookie: lb={_endpoints[0].Token:x16}");
        Assert.That(Affinity.Find(exchange, Options, View(_endpoints[1..])), Is.Null);
        exchange.Endpoint = _endpoints[2];
        Affinity.Set(exchange, Options);
        Assert.That(exchange.Response.Fields.Values("Set-Cookie").Single(), Does.StartWith($"lb={_endpoints[2].Token:x16};"));
    }

    [TestCase("")]
    [TestCase("Cookie: lb=")]
    [TestCase("Cookie: lb=zzzzzzzzzzzzzzzz")]
    [TestCase("Cookie: LB=0123456789abcdef")]
    [TestCase("Cookie: lb=0123456789abcdef0")]
    public void A_cookie_that_names_nobody_leaves_it_to_the_balancer(string cookie) =>
        Assert.That(Affinity.Find(cookie.Length == 0 ? Heads.Request("/") : Heads.Request("/", cookie), Options, View(_endpoints)), Is.Null);

    [Test]
    public void The_cookie_is_secure_where_the_client_is_and_lasts_a_session_without_a_time()
    {
        var exchange = Heads.Request("/");
        (exchange.Endpoint, exchange.IsClientSecure) = (_endpoints[0], true);
        Affinity.Set(exchange, new UpstreamOptions { Affinity = new AffinityOptions { Cookie = "lb" } });
        Assert.That(exchange.Response.Fields.Values("Set-Cookie").Single(), Does.EndWith("; SameSite=Lax; Secure"));
    }

    [Test]
    public void The_token_is_the_same_for_ever_and_another_in_another_upstream()
    {
        // Written down: a new version must not move clients.
        Assert.That(_endpoints[0].Token, Is.EqualTo(0xa1fa3f1f375f18d5));
        Assert.That(new Endpoint(_endpoints[0].Id with { Upstream = "other" }, 1).Token, Is.Not.EqualTo(_endpoints[0].Token));
    }

    [Test]
    public void Without_affinity_only_the_cookie_of_a_split_is_set()
    {
        var exchange = Heads.Request("/");
        exchange.Endpoint = _endpoints[0];
        exchange.StickyCookie = "v=1"u8.ToArray();
        Affinity.Set(exchange, new UpstreamOptions());
        Assert.That(exchange.Response.Fields.Lines(), Is.EqualTo(new[] { "Set-Cookie: v=1" }));
    }

    [Test]
    public void Allocates_nothing()
    {
        var exchange = Heads.Request("/", $"Cookie: lb={_endpoints[0].Token:x16}");
        exchange.Endpoint = _endpoints[1];
        var view = View(_endpoints);
        Assert.That(Allocations.Of(() =>
        {
            exchange.Response.Reset();
            Affinity.Find(exchange, Options, view);
            Affinity.Set(exchange, Options);
        }), Is.Zero);
    }

    private static UpstreamView View(IEnumerable<Endpoint> endpoints)
    {
        var members = endpoints.Select(endpoint => new Member(endpoint, 1, false)).ToArray();
        return new UpstreamView([.. members], [.. members], EmptyBalancer.Instance, null);
    }
}
