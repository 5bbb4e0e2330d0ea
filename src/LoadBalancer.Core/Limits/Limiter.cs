namespace LoadBalancer.Limits;

/// <summary>
/// The arithmetic of one rate, over entries of a <see cref="CallerTable"/>. Thread-safe without a lock: a charge is one compare-and-swap of a value
/// that cannot come again, so a thread that was held up meanwhile charges nobody else. Times are timestamps of a monotonic clock, 0 or more.
/// </summary>
/// <param name="time">The clock.</param>
internal abstract class Limiter(TimeProvider time)
{
    private int _largestCost = 1;

    /// <summary>The time.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>The most that one caller may use at once.</summary>
    public abstract long Most { get; }

    /// <summary>
    /// A caller with less left than this is at its limit: the largest cost that was ever asked for, and no more than half of the limit. Else a route that costs all of it would make
    /// everybody who has used anything one that must not be forgotten.
    /// </summary>
    protected long LeastLeft => Math.Min(Volatile.Read(ref _largestCost), (Most + 1) / 2);

    /// <summary>Charges <paramref name="cost"/>, or refuses and charges nothing.</summary>
    /// <param name="entry">Where the caller was found.</param>
    /// <param name="number">The caller.</param>
    /// <param name="cost">1 to <see cref="Most"/>.</param>
    /// <param name="answer">What the caller is told.</param>
    /// <returns>False where the entry is not the caller's any more: it is looked up again.</returns>
    public bool TryTake(ref CallerEntry entry, ulong number, int cost, out LimitAnswer answer)
    {
        if (cost > _largestCost)
        {
            Volatile.Write(ref _largestCost, cost);
        }

        return TryCharge(ref entry, number, cost, out answer);
    }

    /// <summary>What would be said to <paramref name="cost"/> now; false as with <see cref="TryTake"/>.</summary>
    public abstract bool TryPeek(ref CallerEntry entry, ulong number, int cost, out LimitAnswer answer);

    /// <summary>Gives <paramref name="cost"/> back; false as with <see cref="TryTake"/>.</summary>
    public abstract bool TryReturn(ref CallerEntry entry, ulong number, int cost);

    /// <summary>The state of a caller that has used <paramref name="used"/> just now; false where there is no memory for it.</summary>
    /// <param name="used">0 to <see cref="Most"/>.</param>
    /// <param name="state">The state.</param>
    public abstract bool TryBegin(long used, out long state);

    /// <summary>
    /// How long until a caller is idle, which is when forgetting it changes nothing: 0 or less since when it is, and the greatest number where it is at its
    /// limit. In the timestamps' unit, or a finer one that is the same for all.
    /// </summary>
    /// <param name="state">The caller's state.</param>
    /// <param name="now">The time.</param>
    public abstract long UntilIdle(long state, long now);

    /// <summary>Ends a state that was taken out of its entry for good.</summary>
    public abstract void End(long state);

    /// <inheritdoc cref="TryTake"/>
    protected abstract bool TryCharge(ref CallerEntry entry, ulong number, int cost, out LimitAnswer answer);
}
