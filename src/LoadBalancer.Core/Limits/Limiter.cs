namespace LoadBalancer.Limits;

/// <summary>
/// The arithmetic of one rate, over numbers that somebody else keeps for each client. Immutable and thread-safe; the cells
/// of one client are touched by one thread at a time. Times are timestamps of one clock, 0 or more, that never go back.
/// </summary>
internal abstract class Limiter
{
    /// <summary>How many numbers one client needs; all zero for one that has done nothing yet.</summary>
    public abstract int Cells { get; }

    /// <summary>Counts one more at <paramref name="now"/>, or says no and counts nothing.</summary>
    public abstract bool TryTake(Span<long> cells, long now);

    /// <summary>
    /// How near the client is to its limit: 0 where forgetting it changes nothing, and the more the nearer; one at its limit has
    /// more than any that is not.
    /// </summary>
    public abstract double Used(ReadOnlySpan<long> cells, long now);

    /// <summary>How long from <paramref name="now"/> until one more may be counted; 0 where it may at once.</summary>
    public abstract long Wait(ReadOnlySpan<long> cells, long now);
}
