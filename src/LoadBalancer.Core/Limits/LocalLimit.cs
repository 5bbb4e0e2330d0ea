namespace LoadBalancer.Limits;

/// <summary>A rate that is counted in this process. Bounded as <see cref="ClientRates"/> are.</summary>
/// <param name="spec">The limit, of which the rule is a rate.</param>
/// <param name="time">The clock.</param>
internal sealed class LocalLimit(LimitSpec spec, TimeProvider time) : KeyedLimit(spec)
{
    private readonly ClientRates _rates = new(
        spec.Rule.Burst > 0 ? new TokenBucket(spec.Rule.Rate!.Value, spec.Rule.Burst, time) : new SlidingWindow(spec.Rule.Rate!.Value, time), time);

    /// <inheritdoc/>
    public override long Keys => _rates.Count;

    /// <inheritdoc/>
    public override ValueTask<LimitAnswer> TakeAsync(in LimitKey key, int cost) => new(_rates.TryTake(key.Number)
        ? new LimitAnswer(true, 0, TimeSpan.Zero, TimeSpan.Zero)
        : Peek(key, cost) with { Allowed = false });

    /// <inheritdoc/>
    public override LimitAnswer Peek(in LimitKey key, int cost)
    {
        var wait = _rates.WaitOf(key.Number);
        return new LimitAnswer(wait <= TimeSpan.Zero, 0, wait, wait);
    }

    /// <inheritdoc/>
    public override void Return(in LimitKey key, int cost)
    {
    }
}
