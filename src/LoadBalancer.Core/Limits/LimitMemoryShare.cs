namespace LoadBalancer.Limits;

/// <summary>
/// What one table of callers has of the <see cref="LimitMemory"/>: first what is its own, then of what all share. Thread-safe. It goes back when the table is collected and
/// not before: requests that were under way at a reload may use a table that is no longer in the file.
/// </summary>
internal sealed class LimitMemoryShare(LimitMemory memory)
{
    private long _own;
    private long _shared;

    /// <summary>Gives back what the table had.</summary>
    ~LimitMemoryShare() => memory.Release(_shared);

    /// <summary>Takes so many bytes, where they are there.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="forNewcomer">True for a caller that is not known yet.</param>
    public bool TryReserve(long bytes, bool forNewcomer)
    {
        if (LimitMemory.TryReserve(ref _own, bytes, forNewcomer ? memory.Own / 2 : memory.Own))
        {
            return true;
        }

        if (!memory.TryReserve(bytes, forNewcomer))
        {
            return false;
        }

        Interlocked.Add(ref _shared, bytes);
        return true;
    }

    /// <summary>Gives so many back, those that are shared first.</summary>
    public void Release(long bytes)
    {
        var shared = Volatile.Read(ref _shared);
        while (true)
        {
            var back = Math.Min(shared, bytes);
            var seen = Interlocked.CompareExchange(ref _shared, shared - back, shared);
            if (seen == shared)
            {
                memory.Release(back);
                Interlocked.Add(ref _own, back - bytes);
                return;
            }

            shared = seen;
        }
    }
}
