using System.Runtime.InteropServices;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// What is wrong with routes beside one another: ties, and routes that no request can reach. They are errors when the file is loaded. Of thousands of routes not
/// every pair is looked at: <see cref="HashRuns"/> finds those that have the same in all that has to be the same, and each pair of them has the last word. For one check.
/// </summary>
internal sealed class RouteConflicts : IDisposable
{
    private readonly List<RouteConflict> _found = [];
    private readonly IReadOnlyList<RouteOptions> _routes;
    private readonly HostNumbers _hosts;
    private readonly HashRuns _runs;
    private readonly List<RouteMatch> _matches = [];

    private RouteConflicts(IReadOnlyList<RouteOptions> routes)
    {
        (_routes, _hosts, _runs) = (routes, new HostNumbers(routes.Count), new HashRuns(routes.Count));
        for (var route = 0; route < routes.Count; route++)
        {
            _hosts.Add(routes[route].Host);
        }
    }

    /// <summary>All conflicts of <paramref name="routes"/>, each with the route that stands later; in the order of the file.</summary>
    public static IReadOnlyList<RouteConflict> Find(IReadOnlyList<RouteOptions> routes)
    {
        using var conflicts = new RouteConflicts(routes);
        conflicts.AddOfOnePath();
        conflicts.AddOfRegexes();
        conflicts.AddOfTemplates();
        conflicts.AddTooLarge();
        conflicts._found.Sort(static (left, right) => left.Route != right.Route ? left.Route.CompareTo(right.Route) : left.Other.CompareTo(right.Other));
        return conflicts._found;
    }

    /// <inheritdoc/>
    public void Dispose() => _runs.Dispose();

    private void AddOfOnePath()
    {
        _runs.Clear();
        for (var route = 0; route < _routes.Count; route++)
        {
            var path = _routes[route].Pattern;
            var hash = HashRuns.Hash((ulong)_hosts[route], (ulong)path.Form);
            if (path.Form == PathForm.Regex)
            {
                hash = HashRuns.Hash(hash, path.Text);
            }
            else
            {
                foreach (var segment in path.Segments)
                {
                    hash = segment.IsCaptured ? HashRuns.Hash(hash, 0) : HashRuns.Hash(hash, segment.Literal);
                }
            }

            _runs.Add(hash, route);
        }

        _runs.Sort();
        while (_runs.TryNext(out var run))
        {
            var matches = Matches(run);
            for (var later = 1; later < matches.Length; later++)
            {
                foreach (ref readonly var earlier in matches[..later])
                {
                    if (earlier.Path.MeansSameAs(matches[later].Path))
                    {
                        AddTie(in earlier, in matches[later]);
                    }
                }
            }

            AddUnreachable(matches);
        }
    }

    // Which of two expressions is the narrower nobody can tell.
    private void AddOfRegexes()
    {
        _runs.Clear();
        for (var route = 0; route < _routes.Count; route++)
        {
            if (_routes[route].Pattern.Form == PathForm.Regex)
            {
                _runs.Add(HashRuns.Hash((ulong)_hosts[route], (ulong)_routes[route].Priority), route);
            }
        }

        _runs.Sort();
        while (_runs.TryNext(out var run))
        {
            var matches = Matches(run);
            for (var later = 1; later < matches.Length; later++)
            {
                foreach (ref readonly var earlier in matches[..later])
                {
                    if (!earlier.Path.MeansSameAs(matches[later].Path))
                    {
                        AddTie(in earlier, in matches[later]);
                    }
                }
            }
        }
    }

    // Two templates of one rank, of which each may capture what is a literal of the other.
    private void AddOfTemplates()
    {
        _runs.Clear();
        for (var route = 0; route < _routes.Count; route++)
        {
            if (_routes[route].Pattern is { Captured: > 0 } path)
            {
                var rank = ((ulong)path.Form << 16) | ((ulong)path.Segments.Count << 8) | (uint)path.Literals;
                _runs.Add(HashRuns.Hash(HashRuns.Hash((ulong)_hosts[route], rank), (ulong)_routes[route].Priority), route);
            }
        }

        _runs.Sort();
        using var alike = new HashRuns(_routes.Count);
        while (_runs.TryNext(out var rank))
        {
            var shapes = ShapesOf(rank);
            for (var one = 0; one < shapes.Count; one++)
            {
                for (var other = one + 1; other < shapes.Count; other++)
                {
                    AddOfShapes(rank, shapes[one], shapes[other], alike);
                }
            }
        }
    }

    // Paths of the two have to be of one text wherever neither captures.
    private void AddOfShapes(ReadOnlySpan<int> rank, ulong one, ulong other, HashRuns alike)
    {
        alike.Clear();
        foreach (var route in rank)
        {
            var path = _routes[route].Pattern;
            if (path.Captured == one || path.Captured == other)
            {
                var hash = 0ul;
                var captured = one | other;
                foreach (var segment in path.Segments)
                {
                    hash = (captured & 1) != 0 ? hash : HashRuns.Hash(hash, segment.Literal);
                    captured >>= 1;
                }

                alike.Add(hash, route);
            }
        }

        alike.Sort();
        while (alike.TryNext(out var run))
        {
            var matches = Matches(run, one);
            var ones = 0;
            while (ones < matches.Length && matches[ones].Path.Captured == one)
            {
                ones++;
            }

            foreach (ref readonly var match in matches[..ones])
            {
                foreach (ref readonly var rival in matches[ones..])
                {
                    if (match.Index < rival.Index)
                    {
                        AddTie(in match, in rival);
                    }
                    else
                    {
                        AddTie(in rival, in match);
                    }
                }
            }
        }
    }

    private List<ulong> ShapesOf(ReadOnlySpan<int> rank)
    {
        var shapes = new List<ulong>();
        var known = new HashSet<ulong>();
        foreach (var route in rank)
        {
            var shape = _routes[route].Pattern.Captured;
            if ((shapes.Count == 0 || shapes[^1] != shape) && known.Add(shape))
            {
                shapes.Add(shape);
            }
        }

        return shapes;
    }

    private void AddTie(in RouteMatch earlier, in RouteMatch later)
    {
        var (one, other) = (earlier.Path, later.Path);
        // Only routes of one rank can be in each other's way.
        if (_hosts[earlier.Index] != _hosts[later.Index] || earlier.Priority != later.Priority
            || one.Form != other.Form || one.Segments.Count != other.Segments.Count || one.Literals != other.Literals)
        {
            return;
        }

        if (one.Form == PathForm.Regex && !one.MeansSameAs(other))
        {
            _found.Add(new RouteConflict(later.Index, earlier.Index, RouteConflictKind.RegexTie));
        }
        else if (earlier.Predicate.Count == later.Predicate.Count && one.Overlaps(other) && !earlier.Predicate.Excludes(later.Predicate))
        {
            _found.Add(new RouteConflict(later.Index, earlier.Index, RouteConflictKind.Tie));
        }
    }

    // Of one path: a narrower path never takes all that a broader one means.
    private void AddUnreachable(ReadOnlySpan<RouteMatch> matches)
    {
        foreach (ref readonly var match in matches)
        {
            var left = match.Predicate.Methods;
            foreach (ref readonly var other in matches)
            {
                if (other.CompareTo(in match) < 0 && other.Predicate.FollowsFrom(match.Predicate) && _hosts[other.Index] == _hosts[match.Index] && other.Path.MeansSameAs(match.Path))
                {
                    left = left.Without(other.Predicate.Methods);
                    if (left.IsEmpty)
                    {
                        _found.Add(new RouteConflict(match.Index, other.Index, RouteConflictKind.Unreachable));
                        break;
                    }
                }
            }
        }
    }

    private void AddTooLarge()
    {
        var captures = new bool[_hosts.Count];
        for (var route = 0; route < _routes.Count; route++)
        {
            captures[_hosts[route]] |= _routes[route].Pattern.Captured != 0;
        }

        _runs.Clear();
        for (var route = 0; route < _routes.Count; route++)
        {
            if (captures[_hosts[route]])
            {
                _runs.Add((ulong)_hosts[route], route);
            }
        }

        _runs.Sort();
        while (_runs.TryNext(out var host))
        {
            var paths = new PathPattern[host.Length];
            for (var at = 0; at < paths.Length; at++)
            {
                paths[at] = _routes[host[at]].Pattern;
            }

            if (PathTrie.IsTooLarge(paths))
            {
                _found.Add(new RouteConflict(host[0], -1, RouteConflictKind.TooManyOverlaps));
            }
        }
    }

    // Those that capture these segments are the first; the span is good until it is asked for again.
    private Span<RouteMatch> Matches(ReadOnlySpan<int> run, ulong first = 0)
    {
        _matches.Clear();
        foreach (var isFirst in (ReadOnlySpan<bool>)[true, false])
        {
            foreach (var route in run)
            {
                if ((first == 0 || _routes[route].Pattern.Captured == first) == isFirst)
                {
                    _matches.Add(new RouteMatch(_routes[route], RequestPredicate.Of(_routes[route]), route));
                }
            }
        }

        return CollectionsMarshal.AsSpan(_matches);
    }
}
