using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Routing;

/// <summary>The paths of the routes of some hosts: an automaton over segments. Immutable, thread-safe; a few arrays, whatever the number of routes.</summary>
/// <remarks>
/// A trie that has both <c>/trips/mine</c> and <c>/trips/{id}</c> would have to try one and come back for the other, and with many such
/// places the tries multiply. So the trie is made deterministic once, when it is built (the subset construction of Rabin and Scott, 1959):
/// a state is the set of places in the trie that the segments so far may stand for, and has the routes of all of them in their order. A
/// request then takes one look-up for each segment and never goes back, so that its time is linear in its path.
/// </remarks>
internal sealed class PathTrie
{
    private readonly SegmentTable _steps;
    private readonly State[] _states;
    private readonly PathCandidate[] _candidates;

    private PathTrie(SegmentTable steps, State[] states, PathCandidate[] candidates) => (_steps, _states, _candidates) = (steps, states, candidates);

    /// <summary>Builds it; false where the templates of a host overlap in more ways than there may be states (<see cref="PathLimits.MostStates"/>).</summary>
    /// <param name="routes">The routes.</param>
    /// <param name="isByPathAlone">True where whoever has the path is meant, whatever the further conditions.</param>
    /// <param name="trie">The paths; null for false.</param>
    /// <param name="hosts">Where those of each host are.</param>
    public static bool TryBuild(Route[] routes, bool isByPathAlone, [NotNullWhen(true)] out PathTrie? trie, out (string? Host, PathRoot Value)[] hosts)
    {
        var numbers = new HostNumbers(routes.Length);
        var segments = 0;
        foreach (var route in routes)
        {
            numbers.Add(route.Options.Host);
            segments += route.Options.Pattern.Segments.Count;
        }

        using var places = new PathPlaces(segments, numbers.Count, routes.Length);
        var lists = new HostLists[numbers.Count];
        foreach (ref var host in lists.AsSpan())
        {
            host.Root = places.AddRoot();
        }

        // From the last on, each in front of those behind it.
        for (var route = routes.Length - 1; route >= 0; route--)
        {
            lists[numbers[route]].Add(places, routes[route].Options.Pattern, route);
        }

        trie = null;
        hosts = new (string?, PathRoot)[lists.Length];
        using var states = new PathStates(places);
        var candidates = new PathCandidates(routes, places, isByPathAlone);
        for (var host = 0; host < lists.Length; host++)
        {
            ref var list = ref lists[host];
            if (!states.TryAdd(list.Root, list.Captures ? PathLimits.MostStates : int.MaxValue, out var start))
            {
                return false;
            }

            hosts[host] = (numbers.Host(host), new PathRoot(start, candidates.AddRegexes(list.Regexes), candidates.Add(list.Any), list.Depth));
        }

        var table = new State[states.Count];
        for (var state = 0; state < table.Length; state++)
        {
            var set = states.PlacesOf(state);
            table[state] = new State(states.Captured[state], candidates.AddEnds(set), candidates.AddPrefixes(set));
        }

        trie = new PathTrie(Table(places, states.Steps), table, candidates.ToArray());
        return true;
    }

    /// <summary>True where the templates of one host overlap in more ways than there may be states.</summary>
    public static bool IsTooLarge(IReadOnlyList<PathPattern> paths)
    {
        var segments = 0;
        var captures = false;
        foreach (var path in paths)
        {
            segments += path.Segments.Count;
            captures |= path.Captured != 0;
        }

        if (!captures)
        {
            return false;
        }

        using var places = new PathPlaces(segments, 1, 0);
        var root = places.AddRoot();
        foreach (var path in paths)
        {
            places.Add(root, path);
        }

        using var states = new PathStates(places, countsOnly: true);
        return !states.TryAdd(root, PathLimits.MostStates, out _);
    }

    /// <summary>A candidate that <see cref="Find"/> has found.</summary>
    public ref readonly PathCandidate this[int candidate] => ref _candidates[candidate];

    /// <summary>Looks for what a request is meant by.</summary>
    /// <param name="head">The request, its path canonical.</param>
    /// <param name="root">The paths of its host.</param>
    /// <param name="found">The candidate for <see cref="RequestVerdict.Yes"/>, the first of the group that gave the verdict for <see cref="RequestVerdict.OtherMethod"/>.</param>
    public RequestVerdict Find(RequestHead head, in PathRoot root, out int found)
    {
        var rest = head.Path[1..];
        var states = _states;
        Span<int> visited = stackalloc int[root.Depth + 1];
        var depth = 0;
        var step = root.Start;
        var isWhole = false;
        while (!isWhole)
        {
            var length = rest.IndexOf((byte)'/');
            isWhole = length < 0;
            var segment = isWhole ? rest : rest[..length];
            var next = (step & 1) != 0 ? _steps.Find(step >> 1, segment) : -1;
            if (next < 0)
            {
                next = segment.IsEmpty ? -1 : states[step >> 1].Captured;
                if (next < 0)
                {
                    isWhole = false;
                    break;
                }
            }

            step = next;
            visited[++depth] = step >> 1;
            rest = rest[(length + 1)..];
        }

        found = 0;
        var verdict = isWhole ? Test(states[step >> 1].Ends, head, ref found) : RequestVerdict.No;

        // What lies deeper is the longer prefix.
        for (; verdict == RequestVerdict.No && depth > 0; depth--)
        {
            verdict = Test(states[visited[depth]].Prefixes, head, ref found);
        }

        if (verdict == RequestVerdict.No && root.Regexes != 0)
        {
            verdict = TestRegexes(root.Regexes, head, ref found);
        }

        return verdict == RequestVerdict.No ? Test(root.Any, head, ref found) : verdict;
    }

    /// <summary>Appends the methods with which the request would be meant by a group, each once: <c>GET, HEAD</c>.</summary>
    /// <param name="group">What <see cref="Find"/> has found.</param>
    /// <param name="head">The request.</param>
    /// <param name="fields">The list.</param>
    public void AppendAllowed(int group, RequestHead head, HeaderList fields)
    {
        var known = 0;
        for (var (at, isLast) = (group, false); !isLast; at++)
        {
            ref readonly var candidate = ref _candidates[at];
            known |= candidate.Predicate?.Test(head) == RequestVerdict.OtherMethod ? candidate.Predicate.Methods.Known : 0;
            isLast = candidate.EndsGroup;
        }

        MethodSet.AppendKnown(known, fields);
        for (var (at, isLast) = (group, false); !isLast; at++)
        {
            ref readonly var candidate = ref _candidates[at];
            if (candidate.Predicate?.Test(head) == RequestVerdict.OtherMethod)
            {
                candidate.Predicate.Methods.AppendOthers(fields);
            }

            isLast = candidate.EndsGroup;
        }
    }

    private static SegmentTable Table(PathPlaces places, ScratchList<PathStep> steps)
    {
        var longLetters = 0;
        foreach (ref readonly var step in steps.Items)
        {
            longLetters += SegmentTable.IsLong(places[step.Place].Length) ? places[step.Place].Length : 0;
        }

        var table = new SegmentTable(steps.Count, longLetters);
        foreach (ref readonly var step in steps.Items)
        {
            table.Add(step.From, places[step.Place].Literal, step.Target);
        }

        return table;
    }

    // What a request is by the first group that does not say that it is not meant.
    private RequestVerdict Test(int first, RequestHead head, ref int found, bool isOneGroup = false)
    {
        if (first == 0)
        {
            return RequestVerdict.No;
        }

        var candidates = _candidates;
        var (group, verdict) = (first, RequestVerdict.No);
        for (var at = first; ; at++)
        {
            ref readonly var candidate = ref candidates[at];
            var own = candidate.Predicate is null ? RequestVerdict.Yes : candidate.Predicate.Test(head);
            if (own == RequestVerdict.Yes)
            {
                found = at;
                return own;
            }

            if (own == RequestVerdict.OtherMethod)
            {
                (verdict, found) = (own, group);
            }

            if (candidate.EndsGroup)
            {
                if (verdict != RequestVerdict.No || candidate.EndsAll || isOneGroup)
                {
                    return verdict;
                }

                group = at + 1;
            }
        }
    }

    private RequestVerdict TestRegexes(int first, RequestHead head, ref int found)
    {
        var path = head.Path;
        var letters = ArrayPool<char>.Shared.Rent(path.Length);
        try
        {
            Encoding.Latin1.GetChars(path, letters);
            for (var group = first; ;)
            {
                if (_candidates[group].Route.Options.Pattern.Regex!.IsMatch(letters.AsSpan(0, path.Length))
                    && Test(group, head, ref found, isOneGroup: true) is var verdict and not RequestVerdict.No)
                {
                    return verdict;
                }

                while (!_candidates[group].EndsGroup)
                {
                    group++;
                }

                if (_candidates[group++].EndsAll)
                {
                    return RequestVerdict.No;
                }
            }
        }
        finally
        {
            ArrayPool<char>.Shared.Return(letters);
        }
    }

    /// <summary>A set of places: where a captured segment leads from it, and the first of the candidates that end or go on from here, 0 for none.</summary>
    private readonly record struct State(int Captured, int Ends, int Prefixes);

    /// <summary>The routes of a host, while they are gathered.</summary>
    private struct HostLists
    {
        public int Root;
        public int Regexes;
        public int Any;
        public int Depth;
        public bool Captures;

        public void Add(PathPlaces places, PathPattern path, int route)
        {
            Depth = Math.Max(Depth, path.Segments.Count);
            Captures |= path.Captured != 0;
            switch (path.Form)
            {
                case PathForm.Regex:
                    places.Push(ref Regexes, route);
                    break;
                case PathForm.Any:
                    places.Push(ref Any, route);
                    break;
                case PathForm.Prefix:
                    places.Push(ref places[places.Add(Root, path)].Prefixes, route);
                    break;
                default:
                    places.Push(ref places[places.Add(Root, path)].Ends, route);
                    break;
            }
        }
    }
}
