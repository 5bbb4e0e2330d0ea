namespace LoadBalancer.Http.Server;

/// <summary>One field line of a <see cref="HeaderList"/>: where its name and value lie in the list's bytes.</summary>
internal struct HeaderField
{
    /// <summary>Which field it is.</summary>
    public KnownHeader Known;

    /// <summary>True where it is not to be sent on.</summary>
    public bool Removed;

    /// <summary>True where the bytes from <see cref="NameStart"/> on read <c>Name: value CR LF</c>, so that lines that follow one another are copied as one.</summary>
    public bool Verbatim;

    /// <summary>The name's first byte.</summary>
    public int NameStart;

    /// <summary>The name's length.</summary>
    public int NameLength;

    /// <summary>The value's first byte, after white space.</summary>
    public int ValueStart;

    /// <summary>The value's length, without white space around it.</summary>
    public int ValueLength;
}
