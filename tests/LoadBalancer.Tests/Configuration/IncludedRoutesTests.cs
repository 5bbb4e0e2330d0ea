namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class IncludedRoutesTests
{
    private const string Main = """
        include: ["routes.d/*.yaml"]
        listeners:
          public: {bind: ":8", http: {routes: [{path: /a, upstream: web}]}}
          empty: {bind: ":9", http: }
          bare: {bind: ":10", http: {timeouts: {idle: 5s}}}
          whole: {bind: ":11", http: web}
          db: {bind: ":12", tcp: web}
        upstreams: {web: {endpoints: ["10.0.0.1:80"]}}
        """;

    [Test]
    public void Are_added_to_those_of_their_listener()
    {
        using var folder = new ConfigFolder().With("lb.yaml", Main)
            .With("routes.d/1.yaml", "routes: {public: [{path: /b, upstream: web}], empty: {path: /c, upstream: web}, bare: [{path: /d, upstream: api}]}\nupstreams: {api: {endpoints: [\"10.0.0.2:80\"]}}")
            .With("routes.d/2.yaml", "routes: {public: [{path: /e, upstream: api}]}");
        var result = folder.Load();

        Assert.That(folder.Lines(result.Errors), Is.Empty);
        Assert.That(
            result.Options!.Listeners.Where(entry => entry.Value.Http is not null).Select(entry => $"{entry.Key} {string.Join(' ', entry.Value.Http!.Routes.Select(route => route.Path))}"),
            Is.EqualTo(new[] { "public /a /b /e", "empty /c", "bare /d", "whole " }));
    }

    [TestCase("routes: {publik: [{upstream: web}]}", "routes.d/1.yaml:1:10: no listener is called 'publik'; did you mean 'public'?")]
    [TestCase("routes: {whole: [{upstream: web}]}", "routes.d/1.yaml:1:10: the listener 'whole' takes no routes: it needs 'http' with 'routes', and without 'upstream'")]
    [TestCase("routes: {db: [{upstream: web}]}", "routes.d/1.yaml:1:10: the listener 'db' takes no routes: it needs 'http' with 'routes', and without 'upstream'")]
    [TestCase("routes: [{upstream: web}]", "routes.d/1.yaml:1:9: 'routes' of an included file expects a map from the name of a listener to its routes, not a list")]
    [TestCase("routes: {public: web}", "routes.d/1.yaml:1:18: 'public' expects a list of routes, not 'web'")]
    [TestCase("routes: {public: [{upstrem: web}]}", "routes.d/1.yaml:1:20: unknown key 'upstrem' in routes; did you mean 'upstream'?")]
    [TestCase("routes: {public: [{path: /a, upstream: web}]}", "routes.d/1.yaml:1:19: a request may be for the route of '/a' and for the route of '/a' at lb.yaml:3:40, and neither is the more specific: add a condition that excludes the other, or a 'priority'")]
    public void Have_errors_with_the_place_in_their_own_file(string text, string error)
    {
        using var folder = new ConfigFolder().With("lb.yaml", Main.Replace("  empty: {bind: \":9\", http: }\n  bare: {bind: \":10\", http: {timeouts: {idle: 5s}}}\n", "", StringComparison.Ordinal)).With("routes.d/1.yaml", text);

        Assert.That(folder.Lines(folder.Load().Errors).Select(line => line.Replace(folder["lb.yaml"], "lb.yaml", StringComparison.Ordinal)), Is.EqualTo(new[] { error }));
    }
}
