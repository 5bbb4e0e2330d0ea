using System.Buffers;
using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Routing;

/// <summary>The paths of the routes of one host: an automaton over segments. Immutable, thread-safe.</summary>
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
    private readonly PathGroup? _regexes;
    private readonly PathGroup? _any;
    private readonly int _depth;

    private PathTrie(SegmentTable steps, State[] states, PathGroup? regexes, PathGroup? any, int depth) =>
        (_steps, _states, _regexes, _any, _depth) = (steps, states, regexes, any, depth);

    /// <summary>Builds it; false where the templates overlap in more ways than there may be states (<see cref="PathLimits.MostStates"/>).</summary>
    public static bool TryBuild(IReadOnlyCollection<RouteMatch> matches, out PathTrie trie)
    {
        var steps = new List<(int, string, int)>();
        var states = Determine(Places(matches), steps);
        for (var at = 0; at < steps.Count && states is not null; at++)
        {
            // Whether there is anything to look up from there is known with the step: one line of the cache less for each segment.
            var (from, segment, to) = steps[at];
            steps[at] = (from, segment, (to << 1) | (states[to].HasLiterals ? 1 : 0));
        }

        trie = new PathTrie(
            new SegmentTable(states is null ? [] : steps),
            states ?? [],
            PathGroup.OfRegexes(matches.Where(match => match.Path.Form == PathForm.Regex)),
            PathGroup.Of(matches.Where(match => match.Path.Form == PathForm.Any)),
            matches.Select(match => match.Path.Segments.Count).DefaultIfEmpty().Max());
        return states is not null;
    }

    /// <summary>True where <see cref="TryBuild"/> would be false.</summary>
    public static bool IsTooLarge(IReadOnlyCollection<RouteMatch> matches) =>
        matches.Any(match => match.Path.Captures.Count > 0) && Determine(Places(matches), []) is null;

    /// <summary>Looks for what a request is meant by.</summary>
    /// <param name="head">The request, its path canonical.</param>
    /// <param name="match">Set for <see cref="RequestVerdict.Yes"/>.</param>
    /// <param name="group">The group that gave the verdict, for <see cref="RequestVerdict.OtherMethod"/>.</param>
    public RequestVerdict Find(RequestHead head, out RouteMatch? match, out PathGroup? group)
    {
        var path = head.Path;
        Span<int> visited = stackalloc int[_depth + 1];
        var depth = 0;
        var state = 0;
        var from = 1;
        var isWhole = false;
        var hasLiterals = true;
        while (!isWhole)
        {
            var length = path[from..].IndexOf((byte)'/');
            isWhole = length < 0;
            if (!TryStep(ref state, ref hasLiterals, isWhole ? path[from..] : path.Slice(from, length)))
            {
                isWhole = false;
                break;
            }

            visited[++depth] = state;
            from += length + 1;
        }

        var verdict = RequestVerdict.No;
        (match, group) = (null, null);
        if (isWhole)
        {
            verdict = Test(_states[state].Ends, head, out match, out group);
        }

        // What lies deeper is the longer prefix.
        for (; verdict == RequestVerdict.No && depth > 0; depth--)
        {
            verdict = Test(_states[visited[depth]].Prefixes, head, out match, out group);
        }

        if (verdict == RequestVerdict.No && _regexes is not null)
        {
            verdict = TestRegexes(head, out match, out group);
        }

        return verdict == RequestVerdict.No ? Test(_any, head, out match, out group) : verdict;
    }

    private bool TryStep(ref int state, ref bool hasLiterals, ReadOnlySpan<byte> segment)
    {
        var step = hasLiterals ? _steps.Find(state, segment) : -1;
        if (step >= 0)
        {
            (state, hasLiterals) = (step >> 1, (step & 1) != 0);
            return true;
        }

        var captured = segment.IsEmpty ? -1 : _states[state].Captured;
        if (captured < 0)
        {
            return false;
        }

        (state, hasLiterals) = (captured, _states[captured].HasLiterals);
        return true;
    }

    private static RequestVerdict Test(in Candidates candidates, RequestHead head, out RouteMatch? match, out PathGroup? group)
    {
        if (candidates.Only is not null)
        {
            (match, group) = (candidates.Only, null);
            return RequestVerdict.Yes;
        }

        return Test(candidates.Groups, head, out match, out group);
    }

    private static RequestVerdict Test(PathGroup? groups, RequestHead head, out RouteMatch? match, out PathGroup? group)
    {
        for (group = groups; group is not null; group = group.Next)
        {
            var verdict = group.Test(head, out match);
            if (verdict != RequestVerdict.No)
            {
                return verdict;
            }
        }

        match = null;
        return RequestVerdict.No;
    }

    private RequestVerdict TestRegexes(RequestHead head, out RouteMatch? match, out PathGroup? group)
    {
        var path = head.Path;
        var letters = ArrayPool<char>.Shared.Rent(path.Length);
        try
        {
            Encoding.Latin1.GetChars(path, letters);
            for (var candidate = _regexes; candidate is not null; candidate = candidate.Next)
            {
                if (candidate.Regex!.IsMatch(letters.AsSpan(0, path.Length)) && candidate.Test(head, out match) is var verdict and not RequestVerdict.No)
                {
                    group = candidate;
                    return verdict;
                }
            }
        }
        finally
        {
            ArrayPool<char>.Shared.Return(letters);
        }

        (match, group) = (null, null);
        return RequestVerdict.No;
    }

    private static Place Places(IEnumerable<RouteMatch> matches)
    {
        var root = new Place(0);
        var places = 1;
        foreach (var match in matches.Where(match => match.Path.Form is PathForm.Exact or PathForm.Template or PathForm.Prefix))
        {
            var place = root;
            foreach (var segment in match.Path.Segments)
            {
                place = segment.IsCaptured ? place.Captured ??= new Place(places++) : place.Literal(segment.Literal, ref places);
            }

            (match.Path.Form == PathForm.Prefix ? place.Prefixes ??= [] : place.Ends ??= []).Add(match);
        }

        return root;
    }

    private static State[]? Determine(Place root, List<(int From, string Segment, int To)> steps)
    {
        var sets = new List<Place[]> { new[] { root } };
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var states = new List<State>();
        for (var at = 0; at < sets.Count; at++)
        {
            var set = sets[at];
            if (set is [{ Captured: null } only])
            {
                // Where nothing is captured, as in most places, a set has one place in it.
                foreach (var (text, place) in only.Literals ?? [])
                {
                    steps.Add((at, text, Number([place])));
                }

                states.Add(new State(only.Literals is not null, -1, Group(only.Ends), Group(only.Prefixes)));
            }
            else
            {
                var captured = set.Select(place => place.Captured).OfType<Place>().ToArray();
                var texts = set.SelectMany(place => place.Literals?.Keys ?? Enumerable.Empty<string>()).Distinct(StringComparer.Ordinal).ToList();
                steps.AddRange(texts.Select(text => (at, text, Number((Place[])[
                    .. set.Select(place => place.Literals?.GetValueOrDefault(text)).OfType<Place>(),
                    .. text.Length > 0 ? captured : []]))));
                states.Add(new State(
                    texts.Count > 0,
                    captured.Length > 0 ? Number(captured) : -1,
                    Group(set.SelectMany(place => place.Ends ?? [])),
                    Group(set.SelectMany(place => place.Prefixes ?? []))));
            }

            if (sets.Count > PathLimits.MostStates)
            {
                return null;
            }
        }

        return [.. states];

        int Number(Place[] set)
        {
            if (set is [var alone])
            {
                if (alone.State == 0)
                {
                    alone.State = sets.Count;
                    sets.Add(set);
                }

                return alone.State;
            }

            var key = Key(set);
            if (!numbers.TryGetValue(key, out var number))
            {
                number = sets.Count;
                numbers.Add(key, number);
                sets.Add(set);
            }

            return number;
        }
    }

    private static Candidates Group(IEnumerable<RouteMatch>? matches)
    {
        var groups = matches is null ? null : PathGroup.Of(matches);
        return new Candidates(groups, groups?.Only);
    }

    private static string Key(Place[] set) => string.Join(',', set.Select(place => place.Number).Order());

    /// <summary>A set of places: what its segments lead to, and the routes that end or go on from here.</summary>
    private readonly record struct State(bool HasLiterals, int Captured, Candidates Ends, Candidates Prefixes);

    /// <summary>What is tried where a path has come so far; and where the first of it takes every request, that one.</summary>
    private readonly record struct Candidates(PathGroup? Groups, RouteMatch? Only);

    /// <summary>A place in the trie, while it is being built.</summary>
    private sealed class Place(int number)
    {
        public int Number => number;

        /// <summary>The state that is this place alone; 0, which is the root's, before there is one.</summary>
        public int State { get; set; }

        public Dictionary<string, Place>? Literals { get; private set; }

        public Place? Captured { get; set; }

        public List<RouteMatch>? Ends { get; set; }

        public List<RouteMatch>? Prefixes { get; set; }

        public Place Literal(string text, ref int places)
        {
            Literals ??= new(StringComparer.Ordinal);
            if (!Literals.TryGetValue(text, out var place))
            {
                place = new Place(places++);
                Literals.Add(text, place);
            }

            return place;
        }
    }
}
