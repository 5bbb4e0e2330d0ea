namespace LoadBalancer.Limits;

/// <summary>
/// One limit for the callers of one plan, and what each of them has used of it. Thread-safe, and the same object across reloads while its
/// <see cref="LimitSpec"/> is the same. Times are those of a monotonic clock, but for quotas.
/// </summary>
/// <param name="spec">The limit.</param>
internal abstract class KeyedLimit(LimitSpec spec)
{
    /// <summary>The limit.</summary>
    public LimitSpec Spec => spec;

    /// <summary>How many callers are remembered.</summary>
    public abstract long Keys { get; }

    /// <summary>Charges a caller, or refuses and charges nothing.</summary>
    /// <param name="key">Whose count; the text is not looked at after the call returns.</param>
    /// <param name="cost">How many, at least 1. More than the limit ever allows is always refused.</param>
    /// <returns>Completed, but where a store has to be asked: then it completes on any thread, in bounded time, and never fails.</returns>
    public abstract ValueTask<LimitAnswer> TakeAsync(in LimitKey key, int cost);

    /// <summary>What this process would say now. Charges nothing and remembers nobody.</summary>
    public abstract LimitAnswer Peek(in LimitKey key, int cost);

    /// <summary>Gives back what a request was charged that another limit has refused. At most once for each charge, and before its <see cref="LimitAnswer.Reset"/> is over: later it is another's.</summary>
    public abstract void Return(in LimitKey key, int cost);

    /// <summary>As <see cref="Return"/>, of a charge whose <see cref="LimitAnswer.IsAlone"/>: the store was not charged, so it gets nothing back.</summary>
    public virtual void ReturnAlone(in LimitKey key, int cost) => Return(key, cost);
}
