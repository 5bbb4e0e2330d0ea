namespace LoadBalancer.Limits;

/// <summary>
/// What one table of callers has of the <see cref="LimitMemory"/>. Thread-safe. It goes back when the table is collected and not before: requests that were
/// under way at a reload may use a table that is no longer in the file.
/// </summary>
internal sealed class LimitMemoryShare(LimitMemory memory)
{
    private long _bytes;

    /// <summary>Gives back what the table had.</summary>
    ~LimitMemoryShare() => memory.Release(_bytes);

    /// <inheritdoc cref="LimitMemory.TryReserve"/>
    public bool TryReserve(long bytes, bool forNewcomer)
    {
        if (!memory.TryReserve(bytes, forNewcomer))
        {
            return false;
        }

        Interlocked.Add(ref _bytes, bytes);
        return true;
    }

    /// <inheritdoc cref="LimitMemory.Release"/>
    public void Release(long bytes)
    {
        Interlocked.Add(ref _bytes, -bytes);
        memory.Release(bytes);
    }
}
