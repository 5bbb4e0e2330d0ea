using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Routing;

internal sealed class RouteTableTests
{
    private static readonly RouteOptions[] Shop =
    [
        Routes.Route("every"),
        Routes.Route("api", host: "api.example.com"),
        Routes.Route("wild", host: "*.example.com"),
        Routes.Route("users", host: "api.example.com", path: "/users/*"),
        Routes.Route("user", host: "api.example.com", path: "/users/{id}"),
        Routes.Route("me", host: "api.example.com", path: "/users/me"),
        Routes.Route("orders", host: "api.example.com", path: "/users/{id}/orders/{order}"),
        Routes.Route("trips", host: "api.example.com", path: "/trips", methods: ["POST"]),
        Routes.Route("track", host: "api.example.com", path: "/trips/{id}/track", methods: ["GET"]),
        Routes.Route("versioned", host: "api.example.com", pathRegex: "/v[0-9]+/.*"),
        Routes.Route("health", path: "/healthz"),
    ];

    [TestCase("api.example.com", "/users", "users")]
    [TestCase("api.example.com", "/users/", "users")]
    [TestCase("api.example.com", "/users/me", "me")]
    [TestCase("api.example.com", "/users/17", "user id=17")]
    [TestCase("api.example.com", "/users/17/", "users")]
    [TestCase("api.example.com", "/users/17/orders", "users")]
    [TestCase("api.example.com", "/users/me/orders/5", "orders id=me order=5")]
    [TestCase("api.example.com", "/users/a%20b", "user id=a%20b")]
    [TestCase("api.example.com", "/usersx", "api")]
    [TestCase("api.example.com", "/USERS", "api")]
    [TestCase("api.example.com", "/v2/x", "versioned")]
    [TestCase("api.example.com", "/x/v2/x", "api")]
    [TestCase("api.example.com", "/v2/", "versioned")]
    [TestCase("api.example.com", "/", "api")]
    [TestCase("api.example.com", "/healthz", "api")]
    [TestCase("other.example.com", "/healthz", "wild")]
    [TestCase("other.org", "/healthz", "health")]
    [TestCase("other.org", "/x", "every")]
    public void The_most_specific_route_wins(string host, string path, string expected) =>
        Assert.That(Routes.Match(Shop, Routes.Request(host, path)), Is.EqualTo(expected));

    [Test]
    public void The_order_of_the_file_means_nothing()
    {
        var random = new Random(7);
        for (var round = 0; round < 50; round++)
        {
            var shuffled = Shop.ToArray();
            random.Shuffle(shuffled);
            Assert.That(Routes.Match(shuffled, Routes.Request("api.example.com", "/users/me/orders/5")), Is.EqualTo("orders id=me order=5"));
        }
    }

    [Test]
    public void Without_any_route_that_fits_there_is_none() => Assert.Multiple(() =>
    {
        Assert.That(Routes.Match([], Routes.Request("a", "/")), Is.EqualTo("NoRoute"));
        Assert.That(Routes.Match([Routes.Route("a", host: "a")], Routes.Request("b", "/")), Is.EqualTo("NoRoute"));
        Assert.That(Routes.Match([Routes.Route("a", path: "/a")], Routes.Request("b", "/b")), Is.EqualTo("NoRoute"));
        Assert.That(Routes.Match([Routes.Route("a", headers: [("X", "1")])], Routes.Request("b", "/b")), Is.EqualTo("NoRoute"));
    });

    [Test]
    public void A_path_without_the_method_is_405_and_no_broader_route_is_tried() => Assert.Multiple(() =>
    {
        Assert.That(Routes.Match(Shop, Routes.Request("api.example.com", "/trips", "POST")), Is.EqualTo("trips"));
        Assert.That(Routes.Match(Shop, Routes.Request("api.example.com", "/trips")), Is.EqualTo("MethodNotAllowed POST"));
        Assert.That(Routes.Match(Shop, Routes.Request("api.example.com", "/trips/5/track", "BREW")), Is.EqualTo("MethodNotAllowed GET, HEAD"));
        Assert.That(Routes.Match(Shop, Routes.Request("api.example.com", "/trips/5", "BREW")), Is.EqualTo("api"));
    });

    [Test]
    public void A_preflight_is_for_the_route_of_the_method_that_it_asks_about_where_that_answers_preflights()
    {
        RouteOptions[] routes =
        [
            Cors(Routes.Route("write", path: "/a", methods: ["PUT", "BREW"])), Routes.Route("read", path: "/a", methods: ["GET"]), Routes.Route("all", path: "/b"), Cors(Routes.Route("put", path: "/b", methods: ["PUT"])),
        ];
        Assert.Multiple(() =>
        {
            Assert.That(Ask("/a", "PUT"), Is.EqualTo("write"));
            Assert.That(Ask("/a", "BREW"), Is.EqualTo("write"));
            Assert.That(Ask("/a", "GET"), Is.EqualTo("MethodNotAllowed GET, HEAD, PUT, BREW"));
            Assert.That(Ask("/a", "put"), Is.EqualTo("MethodNotAllowed GET, HEAD, PUT, BREW"));
            Assert.That(Ask("/b", "PUT"), Is.EqualTo("put"));
            Assert.That(Ask("/b", "GET"), Is.EqualTo("all"), "whoever is behind it answers");
            Assert.That(Routes.Match(routes, Routes.Request("h", "/b", "OPTIONS", "Origin: https://a")), Is.EqualTo("all"), "no preflight");
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a", "GET", "Origin: https://a", "Access-Control-Request-Method: PUT")), Is.EqualTo("read"));
        });

        string Ask(string path, string method)
        {
            var exchange = Routes.Request("h", path, "OPTIONS", "Origin: https://a", $"Access-Control-Request-Method: {method}");
            var match = Routes.Match(routes, exchange);
            Assert.That((exchange.Request.Method, Heads.Text(exchange.Request.MethodText)), Is.EqualTo((RequestMethod.Options, "OPTIONS")), "the request is as it was");
            return match;
        }

        static RouteOptions Cors(RouteOptions route) => route with { Policies = route.Policies with { Cors = new() } };
    }

    [Test]
    public void Allow_allocates_nothing()
    {
        var table = Routes.Table([Routes.Route("a", path: "/a", methods: ["GET", "BREW"]), Routes.Route("b", path: "/b")]);
        var exchange = Routes.Request("a.example", "/a", "POST");
        Assert.That(Allocations.Of(() =>
        {
            exchange.Response.Reset();
            table.AddAllow(exchange);
        }), Is.Zero);
        Assert.That(exchange.Response.Fields.Values("Allow"), Is.EqualTo(new[] { "GET, HEAD, BREW" }));
    }

    [Test]
    public void Allow_has_the_methods_of_all_routes_that_only_the_method_keeps_away()
    {
        RouteOptions[] routes =
        [
            Routes.Route("a", path: "/{x}/a", methods: ["GET"]), Routes.Route("b", path: "/b/{x}", methods: ["PUT", "BREW"]),
            Routes.Route("c", path: "/{x}/a", methods: ["DELETE"], headers: [("X", "1")]), Routes.Route("d"),
        ];
        Assert.Multiple(() =>
        {
            Assert.That(Routes.Match(routes, Routes.Request("h", "/b/a", "POST")), Is.EqualTo("MethodNotAllowed GET, HEAD, PUT, BREW"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/b/a", "POST", "X: 1")), Is.EqualTo("MethodNotAllowed GET, HEAD, PUT, DELETE, BREW"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/b/a", "BREW")), Is.EqualTo("b x=a"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/b/a", "HEAD")), Is.EqualTo("a x=b"));
        });
    }

    [Test]
    public void More_conditions_win_and_what_does_not_fit_leaves_the_path_to_others()
    {
        RouteOptions[] routes =
        [
            Routes.Route("plain", path: "/a"), Routes.Route("v2", path: "/a", headers: [("X-Api-Version", "2")]),
            Routes.Route("beta", path: "/a", headers: [("x-api-version", "2")], query: [("beta", "a b")]), Routes.Route("posts", path: "/a", methods: ["POST"], priority: 1),
            Routes.Route("host", path: "/a", headers: [("User-Agent", "x")]),
        ];
        Assert.Multiple(() =>
        {
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a")), Is.EqualTo("plain"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a", "GET", "X-API-Version: 2")), Is.EqualTo("v2"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a", "GET", "X-API-Version: 2", "X-API-Version: 2")), Is.EqualTo("plain"), "twice is none");
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a", "GET", "X-API-Version: 3")), Is.EqualTo("plain"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a?x&b%65ta=a+b", "GET", "X-API-Version: 2")), Is.EqualTo("beta"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a?beta=a%20b&", "GET", "X-API-Version: 2")), Is.EqualTo("beta"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a?beta=a+b&beta=c", "GET", "X-API-Version: 2")), Is.EqualTo("v2"), "twice is none");
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a?x;beta=a+b", "GET", "X-API-Version: 2")), Is.EqualTo("v2"), "only & divides");
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a", "POST", "X-API-Version: 2")), Is.EqualTo("posts"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a", "GET", "User-Agent: x")), Is.EqualTo("host"));
        });
    }

    [Test]
    public void Of_regular_expressions_the_priority_decides()
    {
        RouteOptions[] routes =
        [
            Routes.Route("low", pathRegex: "/a.*", methods: ["GET"]), Routes.Route("high", pathRegex: ".*b", priority: 1), Routes.Route("post", pathRegex: "/a.*", methods: ["POST"]),
            Routes.Route("prefix", path: "/a/*"), Routes.Route("any"),
        ];
        Assert.Multiple(() =>
        {
            Assert.That(Routes.Match(routes, Routes.Request("h", "/ab")), Is.EqualTo("high"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/ax")), Is.EqualTo("low"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/ax", "POST")), Is.EqualTo("post"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/ax", "PUT")), Is.EqualTo("MethodNotAllowed GET, HEAD, POST"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/a/b")), Is.EqualTo("prefix"));
            Assert.That(Routes.Match(routes, Routes.Request("h", "/x")), Is.EqualTo("any"));
        });
    }

    [Test]
    public void P4_a_prefix_ends_with_a_segment() => Assert.Multiple(() =>
    {
        RouteOptions[] routes = [Routes.Route("api", path: "/api/*")];
        foreach (var path in (string[])["/apix", "/api.", "/api../x", "/ap", "/", "/api;x"])
        {
            Assert.That(Routes.Match(routes, Routes.Request("h", path)), Is.EqualTo("NoRoute"), path);
        }
    });

    [Test]
    public void Equals_a_naive_matcher_over_random_tables_and_requests()
    {
        var random = new Random(20261122);
        var matched = 0;
        for (var table = 0; table < 600; table++)
        {
            var routes = RandomRoutes.Table(random);
            var built = Routes.Table(routes);
            for (var request = 0; request < 20; request++)
            {
                var exchange = RandomRoutes.Request(random);
                var (expected, actual) = (NaiveMatcher.Match(routes, exchange.Request), Routes.Match(built, exchange));
                matched += expected is "NoRoute" ? 0 : 1;
                Assert.That(actual, Is.EqualTo(expected), () => $"{Heads.Text(exchange.Request.MethodText)} {Heads.Text(exchange.Request.Host)}{Heads.Text(exchange.Request.Path)} in {string.Join("\n", routes.Select(Routes.Print))}");
            }
        }

        Assert.That(matched, Is.GreaterThan(2_000), "or the tables and requests have nothing to do with each other");
    }

    [Test]
    public void A_match_allocates_nothing()
    {
        var table = Routes.Table([.. Shop, Routes.Route("beta", path: "/beta", headers: [("X-Beta", "1")], query: [("v", "2")])]);
        Exchange[] requests =
        [
            Routes.Request("api.example.com", "/users/17/orders/5"), Routes.Request("api.example.com", "/v2/abc"), Routes.Request("x.example.com", "/a/b/c"),
            Routes.Request("nobody", "/beta?v=2", "GET", "X-Beta: 1"), Routes.Request("api.example.com", "/trips", "DELETE"),
        ];
        Assert.That(Allocations.Of(() =>
        {
            foreach (var request in requests)
            {
                table.Match(request);
            }
        }), Is.Zero);
    }

    [TestCase("/service{0}/v1/*", "GET", 440, 260)]
    [TestCase("/service{0}/{{id}}/v1", "GET", 560, 280)]
    [TestCase("/{{tenant}}/service{0}", "GET", 360, 200)]
    [TestCase("/service{0}/v1/*", "BREW", 440, 260)]
    public void A_second_table_of_the_same_routes_is_hardly_more_than_its_arrays(string path, string method, int mostAllocated, int mostKept)
    {
        const int Count = 10_000;
        Route[] routes = [.. Enumerable.Range(0, Count).Select(number => Routes.Lead(Routes.Route(
            $"r{number}", path: string.Format(System.Globalization.CultureInfo.InvariantCulture, path, number), methods: [method], headers: number % 10 == 0 ? [("X-A", "1")] : [])))];
        var first = new RouteTable(routes);
        var kept = GC.GetTotalMemory(forceFullCollection: true);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var second = new RouteTable(routes);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        kept = GC.GetTotalMemory(forceFullCollection: true) - kept;
        GC.KeepAlive((first, second));
        Assert.Multiple(() =>
        {
            Assert.That((double)allocated / Count, Is.LessThan(mostAllocated), "bytes for each route that a table is made of");
            Assert.That((double)kept / Count, Is.LessThan(mostKept), "bytes for each route that stay");
        });
    }

    [Test]
    public void Equals_a_naive_matcher_over_tables_of_many_routes_that_share_their_segments()
    {
        var random = new Random(20261123);
        var matched = 0;
        for (var table = 0; table < 40; table++)
        {
            var routes = RandomRoutes.LargeTable(random);
            var built = Routes.Table(routes);
            for (var request = 0; request < 100; request++)
            {
                var exchange = RandomRoutes.Request(random);
                var (expected, actual) = (NaiveMatcher.Match(routes, exchange.Request), Routes.Match(built, exchange));
                matched += expected is "NoRoute" ? 0 : 1;
                Assert.That(actual, Is.EqualTo(expected), () => $"{Heads.Text(exchange.Request.MethodText)} {Heads.Text(exchange.Request.Host)}{Heads.Text(exchange.Request.Path)} in {string.Join("\n", routes.Select(Routes.Print))}");
            }
        }

        Assert.That(matched, Is.GreaterThan(3_000), "or the tables and requests have nothing to do with each other");
    }

    [Test]
    public void Templates_that_overlap_in_many_ways_take_no_longer_to_match()
    {
        // With back-tracking each segment would double the ways.
        RouteOptions[] routes = [.. Enumerable.Range(0, 12).Select(at => Routes.Route($"r{at}", path: string.Concat(Enumerable.Range(0, 12).Select(segment => segment == at ? "/a" : $"/{{s{segment}}}")) + $"/end{at}"))];
        var table = Routes.Table(routes);

        Assert.That(Routes.Match(table, Routes.Request("h", string.Concat(Enumerable.Repeat("/a", 12)) + "/end11")), Does.StartWith("r11 "));
        Assert.That(Routes.Match(table, Routes.Request("h", string.Concat(Enumerable.Repeat("/a", 5_000)))), Is.EqualTo("NoRoute"));
    }

    [Test]
    public void Names_of_captures_are_each_routes_own()
    {
        RouteOptions[] routes = [Routes.Route("one", path: "/{a}/x/{b}"), Routes.Route("two", path: "/{c}/y")];

        Assert.That(Routes.Match(routes, Routes.Request("h", "/1/x/2")), Is.EqualTo("one a=1 b=2"));
        Assert.That(Routes.Match(routes, Routes.Request("h", "/1/y")), Is.EqualTo("two c=1"));
    }

    [TestCase(1)]
    [TestCase(40, Description = "more than are looked for one after the other")]
    public void What_goes_along_a_route_goes_on_where_another_table_has_the_same_or_its_like(int count)
    {
        Route[] before = [.. Enumerable.Range(0, count).Select(at => Routes.Lead(Routes.Route($"r{at}", path: $"/{at}"))), Routes.Lead(Routes.Route("any", path: "/*")), Routes.Lead(Routes.Route("kept", "a.example.com"))];
        var old = new RouteTable(before);
        var renamed = new RouteTable([.. before.Select(route => route.Name == "kept" ? route : Routes.Lead(route.Options with { Name = null, Path = route.Options.Path == "/*" ? null : route.Options.Path }))]);
        Assert.That(before.Select(renamed.Continues), Is.All.True, "a name is no matter, and no path is every path");
        Assert.That(renamed.ContinuesAll(old), Is.True);

        var moved = new RouteTable([.. before.Select((route, at) => at == 0 ? Routes.Lead(route.Options with { Upstream = "y" }) : Routes.Lead(route.Options with { Name = null }))]);
        Assert.That(moved.ContinuesAll(old), Is.False);
        Assert.That(before.Select(moved.Continues), Is.EqualTo(before.Select((_, at) => at > 0)));
        Assert.That(old.ContinuesAll(new RouteTable([])), Is.True);
        Assert.That(new RouteTable([]).ContinuesAll(old), Is.False);
    }
}
