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
            // Only routes of one rank can be in each other's way.
            foreach (var rank in matches.GroupBy(match => (match.Path.Form, match.Path.Segments.Count, match.Path.Literals, match.Priority)))
            {
                AddTies([.. rank], found);
            }

            foreach (var path in matches.GroupBy(match => match.Path.Form == PathForm.Regex ? match.Path.Text : Paths(match.Path), StringComparer.Ordinal))
            {
                AddUnreachable([.. path], found);
            }

            if (PathTrie.IsTooLarge(matches))
            {
                found.Add(new RouteConflict(matches[0].Index, -1, RouteConflictKind.TooManyOverlaps));
            }
        }

        return [.. found.OrderBy(conflict => conflict.Route).ThenBy(conflict => conflict.Other)];
    }

    // Of thousands of routes not every pair is looked at: paths have to be of one text wherever neither captures.
    private static void AddTies(RouteMatch[] matches, List<RouteConflict> found)
    {
        var shapes = matches.GroupBy(match => string.Concat(match.Path.Segments.Select(segment => segment.IsCaptured ? '{' : '/')), StringComparer.Ordinal).ToArray();
        for (var one = 0; one < shapes.Length; one++)
        {
            for (var other = one; other < shapes.Length; other++)
            {
                var literal = Enumerable.Range(0, shapes[one].Key.Length).Where(at => shapes[one].Key[at] == '/' && shapes[other].Key[at] == '/').ToArray();
                var alike = shapes[one].ToLookup(match => Literals(match, literal), StringComparer.Ordinal);
                foreach (var match in shapes[other])
                {
                    foreach (var rival in alike[Literals(match, literal)].Where(rival => one != other || rival.Index < match.Index))
                    {
                        AddTie(rival.Index < match.Index ? rival : match, rival.Index < match.Index ? match : rival, found);
                    }
                }
            }
        }
    }

    private static void AddTie(RouteMatch earlier, RouteMatch later, List<RouteConflict> found)
    {
        if (earlier.Path.Form == PathForm.Regex && !earlier.Path.MeansSameAs(later.Path))
        {
            found.Add(new RouteConflict(later.Index, earlier.Index, RouteConflictKind.RegexTie));
        }
        else if (earlier.Predicate.Count == later.Predicate.Count && earlier.Path.Overlaps(later.Path) && !earlier.Predicate.Excludes(later.Predicate))
        {
            found.Add(new RouteConflict(later.Index, earlier.Index, RouteConflictKind.Tie));
        }
    }

    private static string Literals(RouteMatch match, int[] segments) => string.Join('/', segments.Select(at => match.Path.Segments[at].Literal));

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
