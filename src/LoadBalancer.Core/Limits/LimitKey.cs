namespace LoadBalancer.Limits;

/// <summary>Whose count a limit keeps.</summary>
/// <param name="number">A number of <paramref name="text"/> that is secret to this process, for its tables: nobody outside can choose texts that fall together.</param>
/// <param name="text">What all instances know the caller by; at most 256 bytes.</param>
internal readonly ref struct LimitKey(ulong number, ReadOnlySpan<byte> text)
{
    /// <summary>The number, in this process.</summary>
    public ulong Number { get; } = number;

    /// <summary>The text, everywhere.</summary>
    public ReadOnlySpan<byte> Text { get; } = text;
}
