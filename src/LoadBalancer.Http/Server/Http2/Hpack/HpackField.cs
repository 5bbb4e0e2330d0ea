namespace LoadBalancer.Http.Server.Http2.Hpack;

/// <summary>A field that <see cref="HpackDecoder"/> has read: its line <c>name: value CR LF</c> lies behind the used bytes of the list, and becomes part of it by <see cref="HeaderList.Take"/>.</summary>
/// <param name="Known">Which field it is.</param>
/// <param name="Pseudo">Which pseudo-header field.</param>
/// <param name="IsValid">True where name and value may be in a message.</param>
/// <param name="NameLength">The name's length.</param>
/// <param name="ValueLength">The value's length.</param>
internal readonly record struct HpackField(KnownHeader Known, PseudoHeader Pseudo, bool IsValid, int NameLength, int ValueLength)
{
    /// <summary>Where the value begins in the line.</summary>
    public int ValueStart => NameLength + 2;

    /// <summary>The whole line's length.</summary>
    public int LineLength => NameLength + ValueLength + 4;
}
