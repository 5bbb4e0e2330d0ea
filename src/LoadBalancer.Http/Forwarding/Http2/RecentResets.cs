namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>The streams of a connection that lb has reset of late: frames of theirs may be on their way. Touched only on its loop.</summary>
internal struct RecentResets
{
    /// <summary>How many are remembered.</summary>
    private const int Most = 1024;

    private int[]? _numbers;
    private int _count;

    /// <summary>Remembers one, in place of the oldest.</summary>
    public void Add(int number)
    {
        _numbers ??= new int[Most];
        _numbers[_count++ % Most] = number;
    }

    /// <summary>True where the stream is one of them.</summary>
    public readonly bool Contains(int number) => _numbers is not null && _numbers.AsSpan(0, Math.Min(_count, Most)).Contains(number);
}
