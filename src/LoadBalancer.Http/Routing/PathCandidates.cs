using System.Runtime.InteropServices;

namespace LoadBalancer.Http.Routing;

/// <summary>The lists of candidates of a <see cref="PathTrie"/> while it is made. For one build.</summary>
/// <param name="routes">The routes.</param>
/// <param name="places">The lists of routes.</param>
/// <param name="isByPathAlone">True where nobody asks for their further conditions.</param>
internal sealed class PathCandidates(Route[] routes, PathPlaces places, bool isByPathAlone)
{
    private readonly List<Entry> _found = [];

    // Where nothing is captured, each route is a candidate once; 0 is none.
    private PathCandidate[] _candidates = new PathCandidate[routes.Length + 1];
    private int _count = 1;

    /// <summary>All of them.</summary>
    public PathCandidate[] ToArray()
    {
        Array.Resize(ref _candidates, _count);
        return _candidates;
    }

    /// <summary>Appends those whose paths end at a set of places.</summary>
    /// <returns>Where they begin; 0 for none.</returns>
    public int AddEnds(ReadOnlySpan<int> set)
    {
        foreach (var place in set)
        {
            Read(places[place].Ends);
        }

        return AddFound();
    }

    /// <summary>As above, those whose prefix is one of the places.</summary>
    public int AddPrefixes(ReadOnlySpan<int> set)
    {
        foreach (var place in set)
        {
            Read(places[place].Prefixes);
        }

        return AddFound();
    }

    /// <summary>As above, those of a list, none of which has a regular expression.</summary>
    public int Add(int list)
    {
        Read(list);
        return AddFound();
    }

    /// <summary>As above of regular expressions, a group for each of them: the one with the highest priority first, for which is the narrower nobody can tell.</summary>
    public int AddRegexes(int list)
    {
        Read(list);
        if (_found.Count > 1)
        {
            var groups = new Dictionary<string, (int Priority, int Place)>(StringComparer.Ordinal);
            foreach (var entry in _found)
            {
                ref var group = ref CollectionsMarshal.GetValueRefOrAddDefault(groups, entry.Match.Path.Text, out var isThere);
                group = isThere ? (Math.Max(group.Priority, entry.Match.Priority), group.Place) : (entry.Match.Priority, entry.Place);
            }

            foreach (ref var entry in CollectionsMarshal.AsSpan(_found))
            {
                var (priority, place) = groups[entry.Match.Path.Text];
                entry = entry with { GroupPriority = priority, Group = place };
            }
        }

        return AddFound();
    }

    private void Read(int list)
    {
        for (; list > 0; list = places.Next(list))
        {
            var route = routes[list - 1];
            _found.Add(new Entry(new RouteMatch(route.Options, route.Predicate, list - 1), _found.Count));
        }
    }

    private int AddFound()
    {
        if (_found.Count == 0)
        {
            return 0;
        }

        if (_found.Count > 1)
        {
            _found.Sort(static (left, right) => left.CompareTo(right));
        }

        var first = _count;
        for (var at = 0; at < _found.Count; at++)
        {
            var match = _found[at].Match;
            var takesAll = isByPathAlone || match.Predicate.Count == 0;
            while (takesAll && at + 1 < _found.Count && (match.Path.Form != PathForm.Regex || _found[at + 1].IsOfGroup(_found[at])))
            {
                // Nobody comes past a route that takes every request, but where it has to fit an expression.
                at++;
            }

            var endsGroup = at + 1 == _found.Count || !_found[at + 1].IsOfGroup(_found[at]);
            Append(new PathCandidate(routes[match.Index], takesAll ? null : match.Predicate, match.Path.Captured != 0, endsGroup, false));
        }

        ref var last = ref _candidates[_count - 1];
        last = last with { EndsAll = true };
        _found.Clear();
        return first;
    }

    private void Append(PathCandidate candidate)
    {
        if (_count == _candidates.Length)
        {
            Array.Resize(ref _candidates, _count * 2);
        }

        _candidates[_count++] = candidate;
    }

    /// <summary>A candidate that is found, in the order in which it was, which decides between equals.</summary>
    private readonly record struct Entry(RouteMatch Match, int Place, int GroupPriority = 0, int Group = 0)
    {
        public int CompareTo(in Entry other) =>
            other.GroupPriority.CompareTo(GroupPriority) is var priority and not 0 ? priority
            : Group.CompareTo(other.Group) is var group and not 0 ? group
            : Match.CompareTo(other.Match) is var rank and not 0 ? rank
            : Place.CompareTo(other.Place);

        public bool IsOfGroup(in Entry other) => Group == other.Group && Match.Path.CompareRank(other.Match.Path) == 0;
    }
}
