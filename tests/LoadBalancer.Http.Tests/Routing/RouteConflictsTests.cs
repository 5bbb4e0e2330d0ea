using LoadBalancer.Http.Routing;

namespace LoadBalancer.Http.Tests.Routing;

internal sealed class RouteConflictsTests
{
    [Test]
    public void Two_routes_of_one_rank_are_a_tie() => Assert.Multiple(() =>
    {
        Assert.That(Find(Routes.Route("a"), Routes.Route("b")), Is.EqualTo("b Tie a"));
        Assert.That(Find(Routes.Route("a", path: "/*"), Routes.Route("b")), Is.EqualTo("b Tie a"));
        Assert.That(Find(Routes.Route("a", path: "/x"), Routes.Route("b", path: "/x")), Is.EqualTo("b Tie a"));
        Assert.That(Find(Routes.Route("a", path: "/x/*"), Routes.Route("b", path: "/x/*")), Is.EqualTo("b Tie a"));
        Assert.That(Find(Routes.Route("a", path: "/{x}/b"), Routes.Route("b", path: "/a/{y}")), Is.EqualTo("b Tie a"));
        Assert.That(Find(Routes.Route("a", path: "/{x}"), Routes.Route("b", path: "/{y}")), Is.EqualTo("b Tie a"));
        Assert.That(Find(Routes.Route("a", headers: [("X", "1")]), Routes.Route("b", headers: [("Y", "1")])), Is.EqualTo("b Tie a"));
        Assert.That(Find(Routes.Route("a", methods: ["GET"]), Routes.Route("b", methods: ["HEAD"])), Is.EqualTo("b Tie a"), "GET is HEAD as well");
        Assert.That(Find(Routes.Route("a", methods: ["GET"]), Routes.Route("b", query: [("q", "1")])), Is.EqualTo("b Tie a"));
    });

    [Test]
    public void What_excludes_one_another_is_none() => Assert.Multiple(() =>
    {
        Assert.That(Find(Routes.Route("a", path: "/x"), Routes.Route("b", path: "/y")), Is.Empty);
        Assert.That(Find(Routes.Route("a", host: "a"), Routes.Route("b", host: "b"), Routes.Route("c"), Routes.Route("d", host: "*.b")), Is.Empty);
        Assert.That(Find(Routes.Route("a", methods: ["GET"]), Routes.Route("b", methods: ["POST", "BREW"])), Is.Empty);
        Assert.That(Find(Routes.Route("a", headers: [("X", "1")]), Routes.Route("b", headers: [("x", "2")])), Is.Empty);
        Assert.That(Find(Routes.Route("a", query: [("q", "1")]), Routes.Route("b", query: [("q", "2")])), Is.Empty);
        Assert.That(Find(Routes.Route("a", query: [("q", "1")]), Routes.Route("b", query: [("Q", "2")])), Is.EqualTo("b Tie a"));
    });

    [Test]
    public void What_is_of_another_rank_is_none() => Assert.Multiple(() =>
    {
        Assert.That(Find(Routes.Route("a", path: "/{x}/b"), Routes.Route("b", path: "/a/{y}", priority: 1)), Is.Empty);
        Assert.That(Find(Routes.Route("a"), Routes.Route("b", methods: ["GET"])), Is.Empty);
        Assert.That(Find(Routes.Route("a", path: "/x/{id}"), Routes.Route("b", path: "/x/*"), Routes.Route("c", path: "/x/y"), Routes.Route("d")), Is.Empty);
    });

    [Test]
    public void Regular_expressions_on_one_host_need_different_priorities() => Assert.Multiple(() =>
    {
        Assert.That(Find(Routes.Route("a", pathRegex: "/a"), Routes.Route("b", pathRegex: "/b")), Is.EqualTo("b RegexTie a"));
        Assert.That(Find(Routes.Route("a", pathRegex: "/a"), Routes.Route("b", pathRegex: "/b", priority: 1)), Is.Empty);
        Assert.That(Find(Routes.Route("a", pathRegex: "/a"), Routes.Route("b", pathRegex: "/b", host: "b")), Is.Empty);
        Assert.That(Find(Routes.Route("a", pathRegex: "/a", methods: ["GET"]), Routes.Route("b", pathRegex: "/a", methods: ["POST"])), Is.Empty);
        Assert.That(Find(Routes.Route("a", pathRegex: "/a"), Routes.Route("b", pathRegex: "/a")), Is.EqualTo("b Tie a"));
    });

    [Test]
    public void A_route_whose_requests_are_all_taken_by_others_is_unreachable() => Assert.Multiple(() =>
    {
        Assert.That(Find(Routes.Route("a", path: "/x"), Routes.Route("b", path: "/x", priority: 1)), Is.EqualTo("a Unreachable b"));
        Assert.That(Find(Routes.Route("a", path: "/x", methods: ["GET"]), Routes.Route("b", path: "/x", methods: ["GET", "POST"], priority: 1)), Is.EqualTo("a Unreachable b"));
        Assert.That(Find(Routes.Route("a", path: "/x", methods: ["GET", "POST"]), Routes.Route("b", path: "/x", methods: ["GET"], priority: 1)), Is.Empty);
        Assert.That(
            Find(Routes.Route("a", path: "/x", methods: ["GET", "POST"]), Routes.Route("b", path: "/x", methods: ["GET"], priority: 1), Routes.Route("c", path: "/x", methods: ["POST"], priority: 1)),
            Is.EqualTo("a Unreachable c"));
        Assert.That(Find(Routes.Route("a", path: "/{x}"), Routes.Route("b", path: "/{y}", priority: 1)), Is.EqualTo("a Unreachable b"));
        Assert.That(Find(Routes.Route("a", headers: [("X", "1")]), Routes.Route("b", headers: [("Y", "1")], priority: 1)), Is.Empty);
    });

    [Test]
    public void Every_route_of_a_table_without_conflicts_can_be_reached()
    {
        var random = new Random(11);
        for (var count = 0; count < 300; count++)
        {
            var routes = RandomRoutes.Table(random);
            var dead = RouteConflicts.Find(routes).Select(conflict => routes[conflict.Route].Name).ToHashSet();
            for (var request = 0; request < 50; request++)
            {
                var matched = Routes.Match(routes, RandomRoutes.Request(random)).Split(' ')[0];
                Assert.That(dead, Does.Not.Contain(matched), "nobody reaches what was called unreachable");
            }
        }
    }

    [Test]
    public void Templates_that_overlap_in_too_many_ways_are_refused()
    {
        // Each segment may be the literal of one route, or not: twice as many states with every segment.
        var routes = Enumerable.Range(0, 17).Select(at =>
            Routes.Route($"r{at}", path: string.Concat(Enumerable.Range(0, 17).Select(segment => segment == at ? "/a" : $"/{{s{segment}}}")) + $"/end{at}"));

        Assert.That(RouteConflicts.Find([.. routes]).Select(conflict => conflict.Kind), Is.EqualTo(new[] { RouteConflictKind.TooManyOverlaps }));
    }

    private static string Find(params RouteOptions[] routes) =>
        string.Join(", ", RouteConflicts.Find(routes).Select(conflict => $"{routes[conflict.Route].Name} {conflict.Kind} {routes[conflict.Other].Name}"));

    [Test]
    public void Ties_are_found_as_if_every_pair_was_looked_at()
    {
        var random = new Random(5);
        for (var round = 0; round < 300; round++)
        {
            var routes = Enumerable.Range(0, 12).Select(number => Routes.Route(
                $"r{number}",
                path: "/" + string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(at => random.Next(3) switch { 0 => $"{{c{at}}}", 1 => "a", _ => "b" })) + (random.Next(2) == 0 ? "/*" : ""),
                methods: random.Next(3) == 0 ? ["GET"] : null,
                priority: random.Next(2))).ToArray();
            var matches = RouteMatch.Of(routes);
            var pairs =
                from later in matches
                from earlier in matches
                where earlier.Index < later.Index && earlier.Priority == later.Priority && earlier.Path.Form == later.Path.Form
                    && earlier.Path.Segments.Count == later.Path.Segments.Count && earlier.Path.Literals == later.Path.Literals
                    && earlier.Predicate.Count == later.Predicate.Count && earlier.Path.Overlaps(later.Path) && !earlier.Predicate.Excludes(later.Predicate)
                select (later.Index, earlier.Index);
            Assert.That(
                RouteConflicts.Find(routes).Where(conflict => conflict.Kind == RouteConflictKind.Tie).Select(conflict => (conflict.Route, conflict.Other)), Is.EquivalentTo(pairs),
                string.Join('\n', routes.Select(Routes.Print)));
        }
    }

    [Test]
    public void Conflicts_of_every_kind_and_their_order_are_as_if_every_pair_was_looked_at()
    {
        var random = new Random(23);
        var kinds = new HashSet<RouteConflictKind>();
        for (var round = 0; round < 300; round++)
        {
            var routes = Enumerable.Range(0, 30).Select(number => RandomRoutes.Route(random, $"r{number}")).ToArray();
            var matches = RouteMatch.Of(routes);
            var expected = matches.SelectMany(later => matches[..later.Index].Where(earlier => IsTie(earlier, later)).Select(earlier => new RouteConflict(
                    later.Index, earlier.Index, earlier.Path.MeansSameAs(later.Path) || earlier.Path.Form != PathForm.Regex ? RouteConflictKind.Tie : RouteConflictKind.RegexTie)))
                .Concat(matches.SelectMany(match => Winner(match, matches).Select(winner => new RouteConflict(match.Index, winner, RouteConflictKind.Unreachable))))
                .OrderBy(conflict => conflict.Route).ThenBy(conflict => conflict.Other);
            var found = RouteConflicts.Find(routes);
            Assert.That(found, Is.EqualTo(expected), string.Join('\n', routes.Select(Routes.Print)));
            kinds.UnionWith(found.Select(conflict => conflict.Kind));
        }

        Assert.That(kinds, Has.Count.EqualTo(3));
    }

    [TestCase("/service{0}/v1/*", 40)]
    [TestCase("/service{0}/{{id}}/v1", 300)]
    [TestCase("/{{tenant}}/service{0}", 250)]
    public void Looking_for_conflicts_among_many_makes_nothing_for_each(string path, int mostAllocated)
    {
        const int Count = 10_000;
        RouteOptions[] routes = [.. Enumerable.Range(0, Count).Select(number => Routes.Route(
            $"r{number}", path: string.Format(System.Globalization.CultureInfo.InvariantCulture, path, number), methods: ["GET", "POST"], headers: number % 10 == 0 ? [("X-A", "1")] : []))];
        Assert.That(RouteConflicts.Find(routes), Is.Empty, "and the patterns are made");
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        RouteConflicts.Find(routes);
        Assert.That((double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / Count, Is.LessThan(mostAllocated), "bytes for each route");
    }

    private static bool IsTie(RouteMatch earlier, RouteMatch later) =>
        earlier.Host == later.Host && earlier.Priority == later.Priority && earlier.Path.Form == later.Path.Form
        && earlier.Path.Segments.Count == later.Path.Segments.Count && earlier.Path.Literals == later.Path.Literals
        && ((earlier.Path.Form == PathForm.Regex && earlier.Path.Text != later.Path.Text)
            || (earlier.Predicate.Count == later.Predicate.Count && earlier.Path.Overlaps(later.Path) && !earlier.Predicate.Excludes(later.Predicate)));

    // The one with which nothing is left for the route; none where something is.
    private static int[] Winner(RouteMatch match, RouteMatch[] matches)
    {
        var left = match.Predicate.Methods;
        foreach (var other in matches.Where(other => other.Host == match.Host && other.Path.MeansSameAs(match.Path) && other.CompareTo(match) < 0 && other.Predicate.FollowsFrom(match.Predicate)))
        {
            left = left.Without(other.Predicate.Methods);
            if (left.IsEmpty)
            {
                return [other.Index];
            }
        }

        return [];
    }
}
