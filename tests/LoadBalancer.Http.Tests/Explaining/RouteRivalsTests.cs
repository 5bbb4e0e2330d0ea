using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Tests.Routing;

namespace LoadBalancer.Http.Tests.Explaining;

internal sealed class RouteRivalsTests
{
    private static readonly RouteOptions[] Shop =
    [
        Routes.Route("every"),
        Routes.Route("wild", host: "*.example.com", path: "/users/*"),
        Routes.Route("users", host: "api.example.com", path: "/users/*"),
        Routes.Route("user", host: "api.example.com", path: "/users/{id}"),
        Routes.Route("create", host: "api.example.com", path: "/users/{id}", methods: ["POST"]),
        Routes.Route("versioned", host: "api.example.com", path: "/users/{id}", headers: [("X-Version", "2")]),
        Routes.Route("paged", host: "api.example.com", path: "/users/{id}", query: [("page", "1")], methods: ["GET"]),
        Routes.Route("trips", host: "api.example.com", path: "/trips"),
        Routes.Route("elsewhere", host: "other.org", path: "/users/*"),
        Routes.Route("far", host: "other.org", path: "/trips"),
        Routes.Route("regex", host: "api.example.com", pathRegex: "/users/.*", priority: 3),
    ];

    [Test]
    public void Each_other_route_with_the_host_or_the_path_says_why_it_lost_the_closest_first()
    {
        Assert.That(Misses("api.example.com", "/users/7"), Is.EqualTo((string[])
        [
            "every Rank its host is less specific: every host, against api.example.com",
            "wild Rank its host is less specific: *.example.com, against api.example.com",
            "users Rank its path is less specific: /users/*, against /users/{id}",
            "regex Rank its path is less specific: /users/.*, against /users/{id}",
            "create Method it takes POST",
            "paged Query it wants the query parameter page: 1 once",
            "versioned Header it wants the header x-version: 2 once",
            "trips Path its path is /trips",
            "elsewhere Host its host is other.org",
        ]));
    }

    [Test]
    public void Fewer_conditions_and_a_lower_priority_lose() => Assert.Multiple(() =>
    {
        Assert.That(Misses("api.example.com", "/users/7?page=1"), Does.Contain("user Rank it has fewer conditions: 0, against 2"));
        RouteOptions[] tied = [Routes.Route("low", path: "/a/{x}", priority: 1), Routes.Route("high", path: "/{x}/a", priority: 2)];
        Assert.That(Misses("a", "/a/a", tied), Is.EqualTo((string[])["low Rank its priority is lower: 1, against 2"]));
    });

    [Test]
    public void Where_the_method_is_refused_a_broader_route_is_hidden()
    {
        RouteOptions[] routes = [Routes.Route("post", path: "/a", methods: ["POST"]), Routes.Route("every")];
        Assert.That(Misses("a", "/a", routes), Is.EqualTo((string[])
        [
            "every Hidden a more specific route has the path and not the method, and then no broader one is tried",
            "post Method it takes POST",
        ]));
    }

    [Test]
    public void What_is_said_of_a_route_is_what_a_table_of_that_route_alone_does()
    {
        var random = new Random(11);
        for (var round = 0; round < 400; round++)
        {
            var routes = RandomRoutes.Table(random);
            var request = RandomRoutes.Request(random);
            var table = Routes.Table(routes);
            var fault = table.Match(request);
            var misses = table.Rivals.Explain(request.Request, request.Route).ToDictionary(miss => miss.Route);
            foreach (var route in routes)
            {
                var alone = Routes.Table([route]).Match(request);
                if (fault == FaultKind.None && route.Name == table.Routes.Single(each => Winner(table, request) == each.Name).Name)
                {
                    Assert.That(misses, Does.Not.ContainKey(route.Name!));
                    continue;
                }

                var reason = misses.TryGetValue(route.Name!, out var miss) ? miss.Reason : MissReason.Host;
                var expected = alone switch { FaultKind.None => "fits", FaultKind.MethodNotAllowed => "method", _ => "not" };
                var said = reason switch { MissReason.Rank or MissReason.Hidden => "fits", MissReason.Method => "method", _ => "not" };
                Assert.That(said, Is.EqualTo(expected), () => $"{Routes.Print(route)} of {request.Request.Path.Length}: {reason}");
            }
        }
    }

    private static string Winner(RouteTable table, Exchange request)
    {
        table.Match(request);
        return request.Route!.Name;
    }

    private static string[] Misses(string host, string target, RouteOptions[]? routes = null)
    {
        var table = Routes.Table(routes ?? Shop);
        var request = Routes.Request(host, target);
        table.Match(request);
        return [.. table.Rivals.Explain(request.Request, request.Route).Select(miss => $"{miss.Route} {miss.Reason} {miss.Detail}")];
    }
}
