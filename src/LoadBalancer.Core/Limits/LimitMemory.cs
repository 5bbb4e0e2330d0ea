namespace LoadBalancer.Limits;

/// <summary>
/// The memory of all tables of callers: what they share, so that any number of callers of any number of limits is bounded, and what each has by itself, so that
/// the callers of one limit cannot take all from another. Thread-safe.
/// </summary>
/// <remarks>
/// Newcomers may take no more than half of either: whoever invents callers must not keep those that are known from using the whole of their windows.
/// </remarks>
/// <param name="most">The bytes that all share.</param>
/// <param name="own">The bytes that each table has besides, and nobody else can take.</param>
internal sealed class LimitMemory(long most, long own = 0)
{
    private long _used;

    /// <summary>
    /// That of the process: 128 MiB, and 2 MiB of each table. A million callers of a token bucket take 16 to 32 MiB; the half of what a table has by itself is enough for
    /// some 20,000 callers of a bucket or of a window of up to three.
    /// </summary>
    public static LimitMemory OfProcess { get; } = new(128L << 20, 2L << 20);

    /// <summary>Bytes of the shared memory that are in use.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>The bytes that each table has by itself.</summary>
    public long Own => own;

    /// <summary>Takes so many bytes of what is shared, where they are there.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="forNewcomer">True for a caller that is not known yet.</param>
    public bool TryReserve(long bytes, bool forNewcomer) => TryReserve(ref _used, bytes, forNewcomer ? most / 2 : most);

    /// <summary>Gives so many back.</summary>
    public void Release(long bytes) => Interlocked.Add(ref _used, -bytes);

    /// <summary>Adds <paramref name="bytes"/> to what is used, unless that is more than <paramref name="limit"/>.</summary>
    internal static bool TryReserve(ref long used, long bytes, long limit)
    {
        if (Interlocked.Add(ref used, bytes) <= limit)
        {
            return true;
        }

        Interlocked.Add(ref used, -bytes);
        return false;
    }
}
