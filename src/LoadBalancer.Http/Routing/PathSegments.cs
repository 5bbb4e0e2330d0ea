namespace LoadBalancer.Http.Routing;

/// <summary>
/// The segments of a <see cref="PathPattern"/> in their order, read off its text: of thousands of routes each is one object less for each segment.
/// It is its own enumerator; each <c>foreach</c> has a copy.
/// </summary>
/// <param name="text">The text, beginning with a slash.</param>
/// <param name="count">How many segments there are.</param>
/// <param name="captured">A bit for each segment that is captured, the lowest for the first.</param>
internal struct PathSegments(string text, int count, ulong captured)
{
    private int _read;
    private int _start = 1;
    private ulong _captured = captured;

    /// <summary>How many there are.</summary>
    public readonly int Count => count;

    /// <summary>The one that <see cref="MoveNext"/> came to.</summary>
    public PathSegment Current { get; private set; }

    /// <summary>The enumerator.</summary>
    public readonly PathSegments GetEnumerator() => this;

    /// <summary>Goes on to the next; false where there is none.</summary>
    public bool MoveNext()
    {
        if (_read == count)
        {
            return false;
        }

        _read++;
        var length = text.AsSpan(_start).IndexOf('/');
        length = length < 0 ? text.Length - _start : length;
        Current = (_captured & 1) != 0 ? new PathSegment(text, _start + 1, length - 2, true) : new PathSegment(text, _start, length, false);
        _captured >>= 1;
        _start += length + 1;
        return true;
    }

    /// <summary>All of them.</summary>
    public readonly PathSegment[] ToArray()
    {
        var segments = new PathSegment[count];
        var at = 0;
        foreach (var segment in this)
        {
            segments[at++] = segment;
        }

        return segments;
    }
}
