using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Explaining;

/// <summary>
/// Each route of a table by itself, to tell why one does not have a request: by the same predicates, and the same automaton with one route in it.
/// Made when somebody asks for the first time. Immutable, thread-safe.
/// </summary>
internal sealed class RouteRivals
{
    private readonly Route[] _routes;
    private readonly Rival[] _rivals;

    /// <summary>The rivals among <paramref name="routes"/>.</summary>
    public RouteRivals(Route[] routes)
    {
        _routes = routes;
        _rivals = [.. RouteMatch.Of(routes.Select(route => route.Options)).Select((match, at) => new Rival(routes[at], match))];
    }

    /// <summary>Why the routes other than <paramref name="winner"/> do not have a request whose host or path they have; the closest miss first.</summary>
    public IReadOnlyList<RouteMiss> Explain(RequestHead head, Route? winner)
    {
        var won = winner is null ? null : _rivals[Array.IndexOf(_routes, winner)];
        return
        [
            .. _rivals.Where(rival => rival != won)
                .Select(rival => (Miss: rival.Miss(head, won), rival.Match.Index))
                .Where(each => each.Miss is not null)
                .OrderBy(each => each.Miss!.Reason)
                .ThenByDescending(each => each.Miss!.Reason == MissReason.Path ? Common(each.Miss.Path, head.Path) : 0)
                .ThenBy(each => each.Index)
                .Select(each => each.Miss!),
        ];
    }

    /// <summary>How many letters two paths have in common, from the first on.</summary>
    private static int Common(string pattern, ReadOnlySpan<byte> path)
    {
        var at = 0;
        while (at < pattern.Length && at < path.Length && pattern[at] == path[at])
        {
            at++;
        }

        return at;
    }

    private sealed class Rival
    {
        private readonly Route _route;
        private readonly PathTrie? _paths;
        private readonly HostTable<PathRoot> _hosts;
        private readonly PathRoot _root;

        public Rival(Route route, RouteMatch match)
        {
            (_route, Match) = (route, match);
            PathTrie.TryBuild([route], isByPathAlone: true, out _paths, out var hosts);
            (_hosts, _root) = (new HostTable<PathRoot>(hosts), hosts[0].Value);
        }

        public RouteMatch Match { get; }

        private string Path => _route.Template;

        /// <summary>Why it does not have the request; null where neither host nor path fits.</summary>
        public RouteMiss? Miss(RequestHead head, Rival? winner)
        {
            var hasHost = _hosts.Find(head.Host).Length > 0;
            var hasPath = _paths!.Find(head, in _root, out _) == RequestVerdict.Yes;
            if (!hasHost || !hasPath)
            {
                return hasHost ? Of(MissReason.Path, $"its path is {Path}")
                    : hasPath ? Of(MissReason.Host, $"its host is {Match.Host}")
                    : null;
            }

            return Match.Predicate.FirstMiss(head) is { } miss ? Of(miss.Reason, miss.Wanted)
                : winner is null ? Of(MissReason.Hidden, "a more specific route has the path and not the method, and then no broader one is tried")
                : Of(MissReason.Rank, Lesser(winner));
        }

        private RouteMiss Of(MissReason reason, string detail) => new(_route.Name, Match.Host, Path, reason, detail);

        // In the order in which a table decides.
        private string Lesser(Rival winner)
        {
            var other = winner.Match;
            return Match.Host != other.Host ? $"its host is less specific: {Match.Host ?? "every host"}, against {other.Host ?? "every host"}"
                : Match.Path.CompareRank(other.Path) > 0 ? $"its path is less specific: {Path}, against {winner.Path}"
                : Match.Path.Form == PathForm.Regex && Match.Path.Text != other.Path.Text ? $"its priority is lower: {Match.Priority}, against {other.Priority}"
                : Match.Predicate.Count < other.Predicate.Count ? $"it has fewer conditions: {Match.Predicate.Count}, against {other.Predicate.Count}"
                : $"its priority is lower: {Match.Priority}, against {other.Priority}";
        }
    }
}
