using System.Runtime.InteropServices;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// The states of a <see cref="PathTrie"/> while it is made: sets of places that some segments may stand for, by the subset construction. Nearly every set has one
/// place in it, and costs a number; the others lie one behind the other in one list. For one build.
/// </summary>
/// <param name="places">The places.</param>
/// <param name="countsOnly">True where nobody asks for <see cref="Steps"/>, but how many states there are.</param>
internal sealed class PathStates(PathPlaces places, bool countsOnly = false) : IDisposable
{
    private const int Header = 4;

    // By state: the place that is alone in its set; of another set ~ where it begins in _larger.
    private readonly ScratchList<int> _sets = new(places.Count);

    // One after another: hash, the next one of its bucket and one, state, count, and the places.
    private readonly List<int> _larger = [];
    private readonly List<int> _members = [];
    private readonly List<int> _captured = [];
    private readonly List<int> _target = [];
    private int[] _buckets = new int[64];
    private int _inBuckets;

    /// <summary>How many there are.</summary>
    public int Count => _sets.Count;

    /// <summary>Which literals lead from where to where.</summary>
    public ScratchList<PathStep> Steps { get; } = new(countsOnly ? 0 : places.Count);

    /// <summary>By state, where a captured segment leads, as a step has it; -1 for nowhere.</summary>
    public ScratchList<int> Captured { get; } = new(countsOnly ? 0 : places.Count);

    /// <summary>Adds the states of the trie below a root.</summary>
    /// <param name="root">The root.</param>
    /// <param name="most">How many there may be.</param>
    /// <param name="step">Where its paths begin, as a step has it.</param>
    /// <returns>False where there would be more; then nothing can be made of this any more.</returns>
    public bool TryAdd(int root, int most, out int step)
    {
        var first = Count;
        step = Alone(root);
        for (var state = first; state < Count; state++)
        {
            Follow(state);
            if (Count - first > most)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The places of a state. Another call takes the span's place.</summary>
    public ReadOnlySpan<int> PlacesOf(int state)
    {
        var set = _sets[state];
        _members.Clear();
        if (set > 0)
        {
            _members.Add(set);
        }
        else
        {
            // A copy: the list grows while its sets are followed.
            _members.AddRange(CollectionsMarshal.AsSpan(_larger).Slice(~set + Header, _larger[~set + Header - 1]));
        }

        return CollectionsMarshal.AsSpan(_members);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sets.Dispose();
        Steps.Dispose();
        Captured.Dispose();
    }

    private void Follow(int state)
    {
        var set = PlacesOf(state);
        _captured.Clear();
        foreach (var place in set)
        {
            if (places[place].Captured is var captured and > 0)
            {
                _captured.Add(captured);
            }
        }

        for (var at = 0; at < set.Length; at++)
        {
            for (var child = places[set[at]].First; child > 0; child = places[child].Sibling)
            {
                if (!IsKnown(set[..at], child))
                {
                    var target = Target(set[at..], child);
                    if (!countsOnly)
                    {
                        Steps.Add(new PathStep(state, child, target));
                    }
                }
            }
        }

        var next = _captured.Count == 0 ? -1 : StepTo(_captured);
        if (!countsOnly)
        {
            Captured.Add(next);
        }
    }

    // True where a place before has the literal as well, so that the step is there already.
    private bool IsKnown(ReadOnlySpan<int> before, int child)
    {
        foreach (var place in before)
        {
            if (places.Find(place, places[child].Literal) > 0)
            {
                return true;
            }
        }

        return false;
    }

    // Where the literal of a child leads: to it, to what has the same literal below other places of the set, and to whatever a captured segment leads to.
    private int Target(ReadOnlySpan<int> set, int child)
    {
        if (set.Length == 1 && _captured.Count == 0)
        {
            return Alone(child);
        }

        _target.Clear();
        _target.Add(child);
        foreach (var place in set[1..])
        {
            if (places.Find(place, places[child].Literal) is var same and > 0)
            {
                _target.Add(same);
            }
        }

        if (places[child].Length > 0)
        {
            _target.AddRange(_captured);
        }

        return StepTo(_target);
    }

    private int StepTo(List<int> set)
    {
        if (set.Count == 1)
        {
            return Alone(set[0]);
        }

        var members = CollectionsMarshal.AsSpan(set);
        var (hash, hasLiterals) = (0, false);
        foreach (var place in members)
        {
            hash += Hash(place);
            hasLiterals |= places[place].First > 0;
        }

        return PathStep.To(Larger(members, hash), hasLiterals);
    }

    private int Alone(int place)
    {
        ref var known = ref places[place].State;
        if (known == 0)
        {
            _sets.Add(place);
            known = Count;
        }

        return PathStep.To(known - 1, places[place].First > 0);
    }

    private int Larger(ReadOnlySpan<int> set, int hash)
    {
        for (var at = _buckets[hash & (_buckets.Length - 1)]; at > 0; at = _larger[at])
        {
            if (_larger[at - 1] == hash && IsSame(CollectionsMarshal.AsSpan(_larger).Slice(at - 1 + Header, _larger[at + 2]), set))
            {
                return _larger[at + 1];
            }
        }

        if (_inBuckets++ == _buckets.Length)
        {
            _buckets = new int[_buckets.Length * 2];
            for (var at = 0; at < _larger.Count; at += Header + _larger[at + 3])
            {
                Link(at);
            }
        }

        var begin = _larger.Count;
        _larger.AddRange([hash, 0, Count, set.Length]);
        _larger.AddRange(set);
        Link(begin);
        _sets.Add(~begin);
        return Count - 1;
    }

    private void Link(int set)
    {
        ref var bucket = ref _buckets[_larger[set] & (_buckets.Length - 1)];
        _larger[set + 1] = bucket;
        bucket = set + 1;
    }

    // Of a set they are added up: sets are the same whatever their order.
    private static int Hash(int place)
    {
        var hash = (uint)place * 2654435769;
        hash = (hash ^ (hash >> 15)) * 2246822519;
        return (int)(hash ^ (hash >> 13));
    }

    // Neither has a place twice.
    private static bool IsSame(ReadOnlySpan<int> one, ReadOnlySpan<int> other)
    {
        if (one.Length != other.Length)
        {
            return false;
        }

        foreach (var place in other)
        {
            if (!one.Contains(place))
            {
                return false;
            }
        }

        return true;
    }
}
