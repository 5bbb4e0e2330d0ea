using LoadBalancer.Configuration;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Routing;

namespace LoadBalancer.Http.Tests.Explaining;

/// <summary>Requests that are made of routes.</summary>
public sealed class RouteExamplesTests
{
    [TestCase("/trips", "/trips")]
    [TestCase("/trips/{id}/track", "/trips/example/track", "/trips/1/track")]
    [TestCase("/users/*", "/users", "/users/example", "/users/1")]
    [TestCase("/*", "/", "/example", "/1")]
    [TestCase("/a/", "/a/")]
    public void A_path_has_examples(string path, params string[] expected) =>
        Assert.That(Paths(new RouteOptions { Path = path }), Is.EqualTo(expected));

    [TestCase("/orders/[0-9]+")]
    [TestCase(@"/v\d/users/\w+")]
    [TestCase("/(a|b)/.*")]
    [TestCase("/files/[^/]+/raw")]
    [TestCase(@"/x/[a-f0-9]{8}\.html?")]
    [TestCase("/(?:en|de)?/?about")]
    [TestCase("/a|/b")]
    public void A_regular_expression_has_examples_that_it_means(string regex)
    {
        var route = new RouteOptions { PathRegex = regex };
        var paths = Paths(route);
        Assert.That(paths, Is.Not.Empty);
        Assert.That(paths, Has.All.Matches<string>(path => PathPattern.Of(route).Regex!.IsMatch(path)));
    }

    [Test]
    public void One_that_nobody_can_make_an_example_of_has_none() => Assert.That(Paths(new RouteOptions { PathRegex = "/(?:[ab]c){2,3}x" }), Is.Empty);

    [Test]
    public void The_conditions_are_met()
    {
        var route = new RouteOptions { Host = "*.a.example", Path = "/x", Methods = ["PUT"], Headers = Map("X-V", "2"), Query = Map("q", "a b") };
        Assert.That(RouteExamples.Of(route).Single().ToString(), Is.EqualTo("PUT example.a.example/x?q=a%20b, X-V: 2"));
    }

    [TestCase("/a/*", "/{x}/b", "/a/b")]
    [TestCase("/a/*", "/a/b/c", "/a/b/c")]
    [TestCase("/{x}/b/*", "/a/{y}", "/a/b")]
    [TestCase("/a", "/b")]
    [TestCase("/a/*", "/ab")]
    public void Two_routes_have_examples_of_both(string one, string other, params string[] expected) =>
        Assert.That(RouteExamples.Of(new RouteOptions { Path = one }, new RouteOptions { Path = other }).Select(example => example.Path).Distinct(), Is.EqualTo(expected));

    [Test]
    public void Two_routes_that_exclude_each_other_have_none()
    {
        Assert.That(RouteExamples.Of(new RouteOptions { Host = "a.example" }, new RouteOptions { Host = "b.example" }), Is.Empty);
        Assert.That(RouteExamples.Of(new RouteOptions { Methods = ["GET"] }, new RouteOptions { Methods = ["PUT"] }), Is.Empty);
        Assert.That(RouteExamples.Of(new RouteOptions { Headers = Map("X-V", "1") }, new RouteOptions { Headers = Map("x-v", "2") }), Is.Empty);
        Assert.That(RouteExamples.Of(new RouteOptions { Query = Map("v", "1") }, new RouteOptions { Query = Map("v", "2") }), Is.Empty);
    }

    [TestCase("a.example", "*.example", "a.example")]
    [TestCase("*.b.example", "*.example", "example.b.example")]
    [TestCase(null, "*.example", "example.example")]
    public void The_narrower_host_is_the_one_of_both(string? one, string? other, string host)
    {
        Assert.That(RouteExamples.Of(new RouteOptions { Host = one }, new RouteOptions { Host = other }).First().Host, Is.EqualTo(host));
        Assert.That(RouteExamples.Of(new RouteOptions { Host = other }, new RouteOptions { Host = one }).First().Host, Is.EqualTo(host));
    }

    private static string[] Paths(RouteOptions route) => [.. RouteExamples.Of(route).Select(example => example.Path).Distinct()];

    private static ValueMap<string> Map(string key, string value) => new([KeyValuePair.Create(key, value)]);
}
