namespace LoadBalancer.Limits;

/// <summary>
/// The memory that all tables of callers share, so that any number of callers of any number of limits is bounded. Thread-safe.
/// </summary>
/// <remarks>
/// Newcomers may take no more than half: whoever invents callers must not keep those that are known from using the whole of their windows.
/// </remarks>
/// <param name="most">The bytes.</param>
internal sealed class LimitMemory(long most)
{
    private long _used;

    /// <summary>That of the process: 128 MiB. A million callers of a token bucket take 16 to 32 MiB.</summary>
    public static LimitMemory OfProcess { get; } = new(128L << 20);

    /// <summary>Bytes in use.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>Takes so many bytes, where they are there.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="forNewcomer">True for a caller that is not known yet.</param>
    public bool TryReserve(long bytes, bool forNewcomer)
    {
        var used = Interlocked.Add(ref _used, bytes);
        if (used <= (forNewcomer ? most / 2 : most))
        {
            return true;
        }

        Interlocked.Add(ref _used, -bytes);
        return false;
    }

    /// <summary>Gives so many back.</summary>
    public void Release(long bytes) => Interlocked.Add(ref _used, -bytes);
}
