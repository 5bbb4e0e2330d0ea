namespace LoadBalancer.Daemon.Admin;

/// <summary>Counts who asked from an address that may not, so that the log has a line of it once a minute at most. Thread-safe.</summary>
/// <param name="time">The clock of the minute.</param>
internal sealed class AddressRefusals(TimeProvider time)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private long? _told;
    private long _since;

    /// <summary>Counts one.</summary>
    /// <returns>How many there were since the last line, this one included, where the next line is due; else 0.</returns>
    public long Count()
    {
        lock (_lock)
        {
            _since++;
            if (_told is { } told && time.GetElapsedTime(told) < Quiet)
            {
                return 0;
            }

            _told = time.GetTimestamp();
            (var count, _since) = (_since, 0);
            return count;
        }
    }
}
