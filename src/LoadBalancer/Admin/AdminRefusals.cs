namespace LoadBalancer.Daemon.Admin;

/// <summary>Counts what the admin listeners refuse. Thread-safe; it outlives the servers and the gate.</summary>
/// <param name="time">The clock of the minute in which the log has at most one line of addresses that may not ask.</param>
internal sealed class AdminRefusals(TimeProvider time)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private readonly long[] _counts = new long[Enum.GetValues<AdminRefusalReason>().Length];
    private readonly Lock _lock = new();
    private long? _told;
    private long _toldCount;

    /// <summary>How many there were for this reason.</summary>
    public long this[AdminRefusalReason reason] => Volatile.Read(ref _counts[(int)reason]);

    /// <summary>Counts one.</summary>
    public void Count(AdminRefusalReason reason) => Interlocked.Increment(ref _counts[(int)reason]);

    /// <summary>
    /// How many addresses that may not ask did since the last line about them, where the next line is due; else 0. Anybody can
    /// make many, each from another address, so they have no line each.
    /// </summary>
    public long TakeAddressLine()
    {
        lock (_lock)
        {
            if (_told is { } told && time.GetElapsedTime(told) < Quiet)
            {
                return 0;
            }

            _told = time.GetTimestamp();
            var (before, now) = (_toldCount, this[AdminRefusalReason.AddressDenied]);
            _toldCount = now;
            return now - before;
        }
    }
}
