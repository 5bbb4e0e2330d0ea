using System.Numerics;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// The tries of the paths of some hosts while a <see cref="PathTrie"/> is made of them. All places are in one array and are found by one table, so that
/// thousands of routes are a few objects and not some for each place: a place is a number from 1 on, 0 is none. For one build, whose memory
/// the next one gets again (<see cref="ScratchArrays{T}"/>).
/// </summary>
internal sealed class PathPlaces : IDisposable
{
    private readonly Place[] _places;
    private readonly int[] _slots;
    private readonly int _mask;

    // By route: the next one of the same list, and one; 0 after the last.
    private readonly int[] _next;
    private int _count = 1;

    /// <summary>Room for the places of some patterns.</summary>
    /// <param name="segments">How many segments they have together.</param>
    /// <param name="hosts">How many hosts there are.</param>
    /// <param name="routes">How many routes there are.</param>
    public PathPlaces(int segments, int hosts, int routes)
    {
        _places = ScratchArrays<Place>.RentEmpty(1 + hosts + segments);
        _mask = (int)BitOperations.RoundUpToPowerOf2((uint)(segments + (segments / 2) + 2)) - 1;
        _slots = ScratchArrays<int>.RentEmpty(_mask + 1);
        _next = ScratchArrays<int>.RentEmpty(routes);
    }

    /// <summary>How many places there are.</summary>
    public int Count => _count - 1;

    /// <summary>A place.</summary>
    public ref Place this[int place] => ref _places[place];

    /// <summary>A place above all paths of a host.</summary>
    public int AddRoot() => _count++;

    /// <summary>The place that <paramref name="path"/> leads to from <paramref name="root"/>, made where it is missing.</summary>
    public int Add(int root, PathPattern path)
    {
        var place = root;
        foreach (var segment in path.Segments)
        {
            if (!segment.IsCaptured)
            {
                place = Literal(place, segment);
            }
            else if (_places[place].Captured is var captured && captured > 0)
            {
                place = captured;
            }
            else
            {
                place = _places[place].Captured = _count++;
            }
        }

        return place;
    }

    /// <summary>Puts a route in front of a list.</summary>
    /// <param name="list">The list's first route, and one; 0 where it is empty.</param>
    /// <param name="route">The route.</param>
    public void Push(ref int list, int route)
    {
        _next[route] = list;
        list = route + 1;
    }

    /// <summary>What follows in a list of <see cref="Push"/>.</summary>
    public int Next(int list) => _next[list - 1];

    /// <summary>The place that a literal leads to; 0 for none.</summary>
    public int Find(int place, ReadOnlySpan<char> literal) => _slots[Slot(place, literal)];

    /// <inheritdoc/>
    public void Dispose()
    {
        ScratchArrays<Place>.Return(_places);
        ScratchArrays<int>.Return(_slots);
        ScratchArrays<int>.Return(_next);
    }

    private int Literal(int place, PathSegment segment)
    {
        ref var slot = ref _slots[Slot(place, segment.Literal)];
        if (slot == 0)
        {
            ref var above = ref _places[place];
            _places[_count] = new Place { Parent = place, Text = segment.Text, Start = segment.Start, Length = segment.Length, Sibling = above.First };
            slot = above.First = _count++;
        }

        return slot;
    }

    private int Slot(int place, ReadOnlySpan<char> literal)
    {
        var at = (string.GetHashCode(literal) ^ (place * -1640531527)) & _mask;
        while (_slots[at] is var known and not 0 && !(_places[known].Parent == place && _places[known].Literal.SequenceEqual(literal)))
        {
            at = (at + 1) & _mask;
        }

        return at;
    }

    /// <summary>A place of a trie.</summary>
    public struct Place
    {
        /// <summary>The text that the literal is a part of, which leads here; null for a root and for what is captured.</summary>
        public string? Text;

        /// <summary>Where in the text it begins.</summary>
        public int Start;

        /// <summary>How long it is.</summary>
        public int Length;

        /// <summary>From where a literal leads here.</summary>
        public int Parent;

        /// <summary>One of the places that literals lead to; the others are its siblings.</summary>
        public int First;

        /// <summary>Another place that a literal leads to from the parent.</summary>
        public int Sibling;

        /// <summary>Where a captured segment leads.</summary>
        public int Captured;

        /// <summary>The routes whose paths end here.</summary>
        public int Ends;

        /// <summary>The routes of which this is the prefix.</summary>
        public int Prefixes;

        /// <summary>The state that is this place alone, and one; 0 before there is one.</summary>
        public int State;

        /// <summary>The literal that leads here.</summary>
        public readonly ReadOnlySpan<char> Literal => Text.AsSpan(Start, Length);
    }
}
