using System.Text;
using System.Text.RegularExpressions;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Routing;

/// <summary>
/// The rules of config as a reader would apply them to a list of routes, one after another and on strings: what <see cref="RouteTable"/> is
/// compared with. It shares no code with it.
/// </summary>
internal static class NaiveMatcher
{
    /// <summary>The route's name and captures, or the fault with the methods of Allow.</summary>
    public static string Match(IReadOnlyList<RouteOptions> routes, RequestHead head)
    {
        var (host, path, method) = (Text(head.Host), Text(head.Path), Text(head.MethodText));
        var ranks = routes
            .Where(route => HostFits(route.Host, host) && PathFits(route, path) && ConditionsFit(route, head))
            .GroupBy(route => Rank(route, routes))
            .OrderBy(group => group.Key, Comparer<int[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right)))
            .GroupBy(group => string.Join(' ', group.Key), group => group.AsEnumerable());
        foreach (var rank in ranks)
        {
            var same = rank.SelectMany(group => group).ToList();
            var best = same.Where(route => Methods(route).Count == 0 || Methods(route).Contains(method))
                .OrderByDescending(route => (route.Methods.Count > 0 ? 1 : 0) + route.Headers.Count + route.Query.Count)
                .ThenByDescending(route => route.Priority)
                .FirstOrDefault();
            if (best is not null)
            {
                return string.Join(' ', [best.Name!, .. Captures(best, path)]);
            }

            string[] order = ["GET", "HEAD", "POST", "BREW"];
            return $"MethodNotAllowed {string.Join(", ", order.Where(name => same.Any(route => Methods(route).Contains(name))))}";
        }

        return "NoRoute";
    }

    private static List<string> Methods(RouteOptions route) => [.. route.Methods, .. route.Methods.Contains("GET") ? (string[])["HEAD"] : []];

    private static bool HostFits(string? pattern, string host) =>
        pattern is null || (pattern.StartsWith('*') ? host.EndsWith(pattern[1..], StringComparison.Ordinal) && host.Length >= pattern.Length : pattern == host);

    private static bool PathFits(RouteOptions route, string path) =>
        route.PathRegex is { } regex ? Regex.IsMatch(path, $"^({regex})$")
        : route.Path is null || Regex.IsMatch(path, Expression(route.Path));

    // "/a/{x}/*" as an expression, a capture for each name.
    private static string Expression(string path)
    {
        var segments = path[1..].Split('/');
        var isPrefix = segments[^1] == "*";
        var fixedSegments = segments[..(isPrefix ? ^1 : ^0)].Select(segment => segment.StartsWith('{') ? $"/(?<{segment[1..^1]}>[^/]+)" : "/" + Regex.Escape(segment));
        return "^" + string.Concat(fixedSegments) + (isPrefix ? "(/.*)?$" : "$");
    }

    private static IEnumerable<string> Captures(RouteOptions route, string path)
    {
        var expression = route.Path is null ? "^" : Expression(route.Path);
        var match = Regex.Match(path, expression);
        return Regex.Matches(expression, @"\?<(\w+)>").Select(name => $"{name.Groups[1].Value}={match.Groups[name.Groups[1].Value].Value}");
    }

    private static bool ConditionsFit(RouteOptions route, RequestHead head)
    {
        var fields = head.Fields.Lines();
        var query = Text(head.Query).Split('&', StringSplitOptions.RemoveEmptyEntries);
        return route.Headers.All(condition => fields.Where(line => line.StartsWith(condition.Key + ": ", StringComparison.OrdinalIgnoreCase)).ToList() is [var line] && line.EndsWith(": " + condition.Value, StringComparison.Ordinal))
            && route.Query.All(condition => query.Where(pair => pair.StartsWith(condition.Key + "=", StringComparison.Ordinal)).ToList() is [var pair] && pair == $"{condition.Key}={condition.Value}");
    }

    // Host: exact, the longest wildcard, none. Path: exact, more literal segments, the longer prefix, regex by priority, none.
    private static int[] Rank(RouteOptions route, IReadOnlyList<RouteOptions> routes)
    {
        var host = route.Host is null ? 1000 : route.Host.StartsWith('*') ? 500 - route.Host.Length : 0;
        var segments = route.Path?[1..].Split('/') ?? [];
        var literals = segments.Count(segment => !segment.StartsWith('{') && segment != "*");
        return route switch
        {
            { PathRegex: { } regex } => [host, 3, -routes.Where(other => other.Host == route.Host && other.PathRegex == regex).Max(other => other.Priority), 0],
            { Path: null or "/*" } => [host, 4, 0, 0],
            _ when segments[^1] == "*" => [host, 2, -segments.Length, -literals],
            _ when route.Path!.Contains('{', StringComparison.Ordinal) => [host, 1, -literals, 0],
            _ => [host, 0, 0, 0],
        };
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.ASCII.GetString(bytes);
}
