namespace LoadBalancer.Limits;

/// <summary>What one limit is asked about a request, where several are asked at once.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Number">The caller's number, as in <see cref="LimitKey"/>.</param>
/// <param name="Text">The caller's text, which stays as it is until the answer is there.</param>
/// <param name="Cost">How many.</param>
internal readonly record struct LimitQuestion(KeyedLimit Limit, ulong Number, ReadOnlyMemory<byte> Text, int Cost)
{
    /// <summary>The caller.</summary>
    public LimitKey Key => new(Number, Text.Span);
}
