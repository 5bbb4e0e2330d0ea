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
