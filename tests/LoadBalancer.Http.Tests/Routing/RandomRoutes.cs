using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Routing;

/// <summary>Random tables without conflicts, and requests that have something to do with them: few words, so that they meet.</summary>
internal static class RandomRoutes
{
    private static readonly string?[] Hosts = [null, null, "a.x", "b.x", "*.x", "*.b.x", "c.b.x"];
    private static readonly string[] Segments = ["a", "b", "c", "{1}", "{2}", ""];
    private static readonly string[] Methods = ["GET", "POST", "BREW"];
    private static readonly string[] Regexes = ["/a.*", "/.*b", "/[ab]/c", ".*"];

    /// <summary>Up to a dozen routes; those that conflict with an earlier one are left out.</summary>
    public static IReadOnlyList<RouteOptions> Table(Random random) => Table(random, random.Next(1, 13));

    /// <summary>Up to some hundred, so that templates overlap in many ways.</summary>
    public static IReadOnlyList<RouteOptions> LargeTable(Random random) => Table(random, random.Next(50, 150));

    private static List<RouteOptions> Table(Random random, int most)
    {
        var routes = new List<RouteOptions>();
        for (var count = most; count > 0; count--)
        {
            routes.Add(Route(random, $"r{routes.Count}"));
            if (RouteConflicts.Find(routes).Any(conflict => conflict.Kind is RouteConflictKind.Tie or RouteConflictKind.RegexTie))
            {
                routes.RemoveAt(routes.Count - 1);
            }
        }

        return routes;
    }

    /// <summary>A route.</summary>
    public static RouteOptions Route(Random random, string name)
    {
        var regex = random.Next(8) == 0 ? Regexes[random.Next(Regexes.Length)] : null;
        return Routes.Route(
            name,
            Hosts[random.Next(Hosts.Length)],
            regex is not null || random.Next(6) == 0 ? null : Path(random),
            regex,
            random.Next(3) == 0 ? [Methods[random.Next(Methods.Length)]] : [],
            random.Next(5) == 0 ? [("X-A", random.Next(2).ToString())] : [],
            random.Next(5) == 0 ? [("q", random.Next(2).ToString())] : [],
            random.Next(3));
    }

    /// <summary>A request.</summary>
    public static Exchange Request(Random random)
    {
        string[] words = ["a", "b", "c", "d"];
        var path = string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => "/" + words[random.Next(4)])) + (random.Next(6) == 0 ? "/" : "");
        string[] hosts = ["a.x", "b.x", "d.x", "c.b.x", "d.b.x", "y"];
        var query = random.Next(3) switch { 0 => "", 1 => $"?q={random.Next(2)}", _ => "?q=0&q=1" };
        string[] fields = random.Next(3) switch { 0 => [], 1 => [$"x-a: {random.Next(2)}"], _ => ["X-A: 1", "X-A: 0"] };
        return Routes.Request(hosts[random.Next(hosts.Length)], (random.Next(12) == 0 ? "/" : path) + query, random.Next(4) == 0 ? "HEAD" : Methods[random.Next(Methods.Length)], fields);
    }

    private static string Path(Random random)
    {
        var count = random.Next(1, 4);
        var segments = Enumerable.Range(0, count).Select(at => Segments[random.Next(Segments.Length)]).ToArray();
        for (var at = 0; at < count; at++)
        {
            // Only the last segment is empty, and each name stands once.
            segments[at] = segments[at].StartsWith('{') ? $"{{n{at}}}" : segments[at].Length == 0 && at < count - 1 ? "a" : segments[at];
        }

        var path = "/" + string.Join('/', segments);
        return random.Next(3) > 0 ? path : path.EndsWith('/') ? path + "*" : path + "/*";
    }
}
