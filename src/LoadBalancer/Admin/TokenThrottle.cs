namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// Counts wrong tokens, so that nobody guesses one: after five of a caller within a minute it is not listened to until the
/// minute is over, right token or not. Thread-safe. Bounded: what many callers would fill is counted as one.
/// </summary>
/// <param name="time">The clock of the minute.</param>
internal sealed class TokenThrottle(TimeProvider time)
{
    private const int MostFailures = 5;
    private const int MostCallers = 1000;

    /// <summary>The caller that all are counted as for whom there is no room.</summary>
    private const string Others = "";

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (int Failures, long Since)> _callers = new(StringComparer.Ordinal);

    /// <summary>How long the caller is not listened to; null where it is.</summary>
    public TimeSpan? WaitOf(string caller)
    {
        lock (_gate)
        {
            var known = _callers.ContainsKey(caller) || _callers.Count < MostCallers ? caller : Others;
            return _callers.TryGetValue(known, out var count) && count.Failures >= MostFailures && Left(count.Since) is { Ticks: > 0 } left ? left : null;
        }
    }

    /// <summary>Counts a wrong token.</summary>
    public void Failed(string caller)
    {
        lock (_gate)
        {
            if (_callers.Count >= MostCallers && !_callers.ContainsKey(caller))
            {
                Forget();
                caller = _callers.Count < MostCallers ? caller : Others;
            }

            var (failures, since) = _callers.GetValueOrDefault(caller);
            _callers[caller] = failures > 0 && Left(since) > TimeSpan.Zero ? (failures + 1, since) : (1, time.GetTimestamp());
        }
    }

    private TimeSpan Left(long since) => Window - time.GetElapsedTime(since);

    private void Forget()
    {
        foreach (var (caller, count) in _callers.Where(entry => Left(entry.Value.Since) <= TimeSpan.Zero).ToList())
        {
            _callers.Remove(caller);
        }
    }
}
