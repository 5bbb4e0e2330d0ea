using LoadBalancer.Configuration;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.Headers;
using LoadBalancer.Http.Policies.Rewrite;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Routing;

namespace LoadBalancer.Http.Tests;

internal sealed class RouteChecksTests
{
    [Test]
    public void A_route_without_a_mistake_has_no_fault() => Assert.That(RouteChecks.Of(new RouteOptions
    {
        Path = "/trips/{id}",
        Host = "a.example",
        Redirect = new RedirectOptions { To = "https://${host}/${path.id}" },
        Policies = new RoutePolicyOptions { RequestHeaders = new HeaderChangesOptions { Set = Map("X-Trip", "${path.id}"), Remove = ["Cookie"] } },
    }), Is.Empty);

    [Test]
    public void Every_mistake_is_found_with_its_place()
    {
        var faults = RouteChecks.Of(new RouteOptions
        {
            Path = "/trips/{id}",
            Redirect = new RedirectOptions { To = "https://${host}/" },
            Respond = new RespondOptions { Body = "${nothing}", Headers = Map("Content-Length", "3") },
            Policies = new RoutePolicyOptions
            {
                RequestHeaders = new HeaderChangesOptions { Set = Map("X-Trip", "${path.ID}"), Add = Map("Host", "evil"), Remove = ["x-fine", "connection"] },
                ResponseHeaders = new HeaderChangesOptions { Add = Map("Transfer-Encoding", "chunked") },
                Rewrite = new RewriteOptions { StripPrefix = "/v1", Path = "${header.X}", Query = new QueryChangesOptions { Set = Map("v", "${v}") } },
                OnError = new([KeyValuePair.Create("502", new OnErrorOptions { Body = "${" })]),
            },
        }).Select(fault => string.Join('.', fault.Path)).ToArray();
        Assert.That(faults, Is.EqualTo(new[]
        {
            "request_headers.remove.1", "request_headers.set.X-Trip", "request_headers.add.Host", "response_headers.add.Transfer-Encoding", "rewrite.strip_prefix",
            "rewrite.path", "rewrite.query.set.v", "on_error.502.body", "respond.body", "respond.headers.Content-Length", "redirect.to",
        }));
    }

    [TestCase("Cache-Tag", true)]
    [TestCase("Surrogate-Key", true)]
    [TestCase("Content-Type", false)]
    [TestCase("etag", false)]
    [TestCase("Vary", false)]
    [TestCase("Set-Cookie", false)]
    public void Tags_have_a_field_that_means_nothing_else(string name, bool expected)
    {
        var route = new RouteOptions { Path = "/*", Policies = new RoutePolicyOptions { Cache = new() { Tags = name } } };
        Assert.That(RouteChecks.Of(route).Select(fault => string.Join('.', fault.Path)), Is.EqualTo(expected ? [] : (string[])["cache.tags"]));
    }

    [Test]
    public void What_a_claim_has_to_be_is_a_template_of_the_route()
    {
        var route = new RouteOptions
        {
            Path = "/trips/{id}",
            Policies = new RoutePolicyOptions { Auth = new() { Any = ["a"] }, Require = new() { Claims = new([KeyValuePair.Create<string, ValueList<string>>("sub", ["${path.id}", "x", "${path.no}"])]) } },
        };
        Assert.That(RouteChecks.Of(route).Select(fault => string.Join('.', fault.Path)), Is.EqualTo(new[] { "require.claims.sub.2" }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Who_calls_is_known_only_where_somebody_finds_it_out(bool isKnown)
    {
        const string Caller = "${identity.sub}";
        var faults = RouteChecks.Of(new RouteOptions
        {
            Redirect = new RedirectOptions { To = $"/{Caller}" },
            Respond = new RespondOptions { Body = Caller, Headers = Map("X-A", Caller) },
            Policies = new RoutePolicyOptions
            {
                Auth = isKnown ? new() { Any = ["a"] } : null,
                RequestHeaders = new HeaderChangesOptions { Set = Map("X-A", Caller), Add = Map("X-B", "${identity.plan}") },
                ResponseHeaders = new HeaderChangesOptions { Add = Map("X-A", "${identity.claim.a}") },
                Rewrite = new RewriteOptions { Path = $"/{Caller}", Query = new QueryChangesOptions { Set = Map("v", Caller) } },
                OnError = new([KeyValuePair.Create("502", new OnErrorOptions { Body = Caller, Headers = Map("X-A", Caller) })]),
            },
        }).Select(fault => string.Join('.', fault.Path));
        Assert.That(faults, isKnown ? Is.Empty : Is.EquivalentTo(new[]
        {
            "request_headers.set.X-A", "request_headers.add.X-B", "response_headers.add.X-A", "rewrite.path", "rewrite.query.set.v", "on_error.502.body", "on_error.502.headers.X-A", "respond.body",
            "respond.headers.X-A", "redirect.to",
        }));
    }

    [TestCase("trips")]
    [TestCase("${host}/x")]
    [TestCase("/a b")]
    [TestCase("/a?b=1")]
    [TestCase("/a${query}")]
    [TestCase("/\u00e4")]
    [TestCase("")]
    public void A_path_that_could_not_be_sent_is_an_error(string path) =>
        Assert.That(RouteChecks.Of(new RouteOptions { Policies = new RoutePolicyOptions { Rewrite = new RewriteOptions { Path = path } } }), Has.Exactly(1).Items);

    private static ValueMap<string> Map(string name, string value) => new([KeyValuePair.Create(name, value)]);
}
