namespace LoadBalancer.Limits;

/// <summary>
/// A caller in a <see cref="CallerTable"/>. Read and changed by many threads at once: the number belongs to the table, the state to the <see cref="Limiter"/>.
/// </summary>
internal struct CallerEntry
{
    /// <summary>The caller's number; 0 where the place is free, or is being given to another.</summary>
    public ulong Number;

    /// <summary>What it has used, in the limiter's own terms, or one of the two below.</summary>
    public long State;

    /// <summary>The state of an entry that has moved elsewhere or is forgotten: whoever sees it looks the caller up again.</summary>
    public const long Moved = long.MinValue;

    /// <summary>The state of an entry that gets more room: whoever sees it looks again in a moment.</summary>
    public const long Growing = long.MinValue + 1;

    /// <summary>Takes the state out, so that nothing is charged to it from here on. For one thread at a time, which holds the place.</summary>
    public static long Seize(ref CallerEntry entry)
    {
        var spin = default(SpinWait);
        while (true)
        {
            var state = Volatile.Read(ref entry.State);
            if (state != Growing && Interlocked.CompareExchange(ref entry.State, Moved, state) == state)
            {
                return state;
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }
    }
}
