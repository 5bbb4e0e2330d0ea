namespace LoadBalancer.Http.Routing;

/// <summary>One segment of a <see cref="PathPattern"/>: a part of its text.</summary>
/// <param name="text">The pattern's text.</param>
/// <param name="start">Where in it the segment begins, or the name of a captured one.</param>
/// <param name="length">How long that is.</param>
/// <param name="isCaptured">True where it may be any text but the empty one.</param>
internal readonly struct PathSegment(string text, int start, int length, bool isCaptured)
{
    /// <summary>The pattern's text.</summary>
    public string Text => text;

    /// <summary>Where in <see cref="Text"/> the literal begins.</summary>
    public int Start => start;

    /// <summary>How many characters the literal has.</summary>
    public int Length => length;

    /// <summary>True where it may be any text but the empty one.</summary>
    public bool IsCaptured => isCaptured;

    /// <summary>What it has to be, in canonical form, for a captured one its name.</summary>
    public ReadOnlySpan<char> Literal => text.AsSpan(start, length);

    /// <summary>True where both mean the same segments, whatever they call what they capture.</summary>
    public bool MeansSameAs(PathSegment other) => IsCaptured == other.IsCaptured && (IsCaptured || Literal.SequenceEqual(other.Literal));
}
