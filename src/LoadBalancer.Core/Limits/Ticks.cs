namespace LoadBalancer.Limits;

/// <summary>What a clock's timestamps are worth. Rounded up: who waits as long as it was told has waited enough.</summary>
/// <param name="frequency">Timestamps a second.</param>
internal readonly struct Ticks(long frequency)
{
    private readonly ulong _frequency = (ulong)frequency;
    private readonly ulong _perTick = frequency % TimeSpan.TicksPerSecond == 0 ? (ulong)(frequency / TimeSpan.TicksPerSecond) : 0;

    /// <summary>The time that so many take; the longest there is, where it would be longer.</summary>
    public TimeSpan ToTime(ulong timestamps)
    {
        if (_perTick != 0)
        {
            return new TimeSpan((long)((timestamps / _perTick) + (timestamps % _perTick == 0 ? 0UL : 1)));
        }

        var ticks = (((UInt128)timestamps * TimeSpan.TicksPerSecond) + _frequency - 1) / _frequency;
        return ticks > long.MaxValue ? TimeSpan.MaxValue : new TimeSpan((long)ticks);
    }
}
