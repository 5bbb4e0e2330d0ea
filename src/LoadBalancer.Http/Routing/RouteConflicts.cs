namespace LoadBalancer.Http.Routing;

/// <summary>What is wrong with routes beside one another: ties, and routes that no request can reach. They are errors when the file is loaded.</summary>
internal static class RouteConflicts
{
    /// <summary>All conflicts of <paramref name="routes"/>, each with the route that stands later; in the order of the file.</summary>
    public static IReadOnlyList<RouteConflict> Find(IReadOnlyList<RouteOptions> routes)
    {
        var found = new List<RouteConflict>();
        foreach (var host in RouteMatch.Of(routes).GroupBy(match => match.Host, StringComparer.Ordinal))
        {
            var matches = host.ToArray();
            // Only routes of one rank can be in each other's way, and of exact paths only those of one path.
            foreach (var rank in matches.GroupBy(match => (
                match.Path.Form, match.Path.Segments.Count, match.Path.Literals, Text: match.Path.Form == PathForm.Exact ? match.Path.Text : "")))
            {
                AddTies([.. rank], found);
            }

            foreach (var path in matches.GroupBy(match => match.Path.Form == PathForm.Regex ? match.Path.Text : Paths(match.Path), StringComparer.Ordinal))
            {
                AddUnreachable([.. path], found);
            }

            if (!PathTrie.TryBuild(matches, out _))
            {
                found.Add(new RouteConflict(matches[0].Index, -1, RouteConflictKind.TooManyOverlaps));
            }
        }

        return [.. found.OrderBy(conflict => conflict.Route).ThenBy(conflict => conflict.Other)];
    }

    private static void AddTies(RouteMatch[] matches, List<RouteConflict> found)
    {
        for (var later = 1; later < matches.Length; later++)
        {
            for (var earlier = 0; earlier < later; earlier++)
            {
                var (left, right) = (matches[earlier], matches[later]);
                if (left.Priority != right.Priority)
                {
                    continue;
                }

                if (left.Path.Form == PathForm.Regex && !left.Path.MeansSameAs(right.Path))
                {
                    found.Add(new RouteConflict(right.Index, left.Index, RouteConflictKind.RegexTie));
                }
                else if (left.Predicate.Count == right.Predicate.Count && left.Path.Overlaps(right.Path) && !left.Predicate.Excludes(right.Predicate))
                {
                    found.Add(new RouteConflict(right.Index, left.Index, RouteConflictKind.Tie));
                }
            }
        }
    }

    // Of one path: a narrower path never takes all that a broader one means.
    private static void AddUnreachable(RouteMatch[] matches, List<RouteConflict> found)
    {
        foreach (var match in matches)
        {
            var left = match.Predicate.Methods;
            RouteMatch? winner = null;
            foreach (var other in matches.Where(other => other.CompareTo(match) < 0 && other.Predicate.FollowsFrom(match.Predicate)))
            {
                (left, winner) = (left.Without(other.Predicate.Methods), other);
                if (left.IsEmpty)
                {
                    break;
                }
            }

            if (winner is not null && left.IsEmpty)
            {
                found.Add(new RouteConflict(match.Index, winner.Index, RouteConflictKind.Unreachable));
            }
        }
    }

    private static string Paths(PathPattern path) =>
        $"{path.Form} /{string.Join('/', path.Segments.Select(segment => segment.IsCaptured ? "{}" : segment.Literal))}";
}
