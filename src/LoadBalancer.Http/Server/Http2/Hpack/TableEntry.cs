namespace LoadBalancer.Http.Server.Http2.Hpack;

/// <summary>One field of a table: where its line <c>name: value CR LF</c> lies in the table's bytes, and what was found out about it when it was added.</summary>
internal struct TableEntry
{
    /// <summary>The line's first byte.</summary>
    public int Start;

    /// <summary>The name's length.</summary>
    public int NameLength;

    /// <summary>The value's length.</summary>
    public int ValueLength;

    /// <summary>Which field it is.</summary>
    public KnownHeader Known;

    /// <summary>Which pseudo-header field.</summary>
    public PseudoHeader Pseudo;

    /// <summary>True where the name may be in a message.</summary>
    public bool IsNameValid;

    /// <summary>True where the value may be in a message.</summary>
    public bool IsValueValid;

    /// <summary>The whole line's length.</summary>
    public readonly int LineLength => NameLength + ValueLength + 4;

    /// <summary>What it counts in a table (RFC 7541 section 4.1).</summary>
    public readonly int Size => NameLength + ValueLength + 32;
}
