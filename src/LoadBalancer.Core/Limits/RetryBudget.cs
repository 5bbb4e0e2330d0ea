using LoadBalancer.Telemetry;

namespace LoadBalancer.Limits;

/// <summary>
/// What retries may add to the load of one upstream: a share of the requests of the last <see cref="Window"/>, and <see cref="Reserve"/> in
/// any case, so that a quiet upstream may have some at all. It belongs to the upstream's name and outlives reloads.
/// </summary>
/// <remarks>
/// Requests are counted by each loop for itself, and summed once a second by whichever comes first. Thread-safe, without a lock: two that look at the
/// same time may both take the last place of a second, and no more than one each.
/// </remarks>
/// <param name="loops">How many loops count.</param>
public sealed class RetryBudget(int loops)
{
    /// <summary>Retries in a window that need no requests.</summary>
    public const int Reserve = 10;

    private const int Seconds = 10;

    private readonly StripedCells _requests = new(loops, 1);
    private readonly long[] _requestsAt = new long[Seconds];
    private readonly long[] _retriesAt = new long[Seconds];
    private long _second = -1;
    private long _requestsBefore;
    private long _retriesBefore;
    private long _retries;
    private long _refusals;

    /// <summary>How long a request counts.</summary>
    public static TimeSpan Window { get; } = TimeSpan.FromSeconds(Seconds);

    /// <summary>Retries that it ever refused.</summary>
    public long Refusals => Volatile.Read(ref _refusals);

    /// <summary>Retries in the window, as of the last request.</summary>
    public long Spent => Volatile.Read(ref _retries) - Volatile.Read(ref _retriesBefore);

    /// <summary>Requests in the window, as of the last one.</summary>
    public long Requests => _requests.Sum(0) - Volatile.Read(ref _requestsBefore);

    /// <summary>Counts a request; on the thread of <paramref name="loop"/>.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="now">The time since any fixed moment.</param>
    public void Add(int loop, TimeSpan now)
    {
        Turn(now);
        _requests.Add(loop, 0);
    }

    /// <summary>Takes a retry, where there is one left.</summary>
    /// <param name="share">The share of the requests, 0 to 1; of none there is none, whatever the reserve.</param>
    /// <param name="now">The time since the same moment as with <see cref="Add"/>.</param>
    public bool TrySpend(double share, TimeSpan now)
    {
        Turn(now);
        if (share > 0 && Spent < Math.Max(Reserve, share * Requests))
        {
            Interlocked.Increment(ref _retries);
            return true;
        }

        Interlocked.Increment(ref _refusals);
        return false;
    }

    private void Turn(TimeSpan now)
    {
        var (second, last) = ((long)now.TotalSeconds, Volatile.Read(ref _second));
        if (second <= last || Interlocked.CompareExchange(ref _second, second, last) != last)
        {
            return;
        }

        // What was counted so far is of the seconds before this one, those included in which nobody came.
        var (requests, retries) = (_requests.Sum(0), Volatile.Read(ref _retries));
        for (var each = Math.Max(last, second - Seconds) + 1; each <= second; each++)
        {
            (_requestsAt[each % Seconds], _retriesAt[each % Seconds]) = (requests, retries);
        }

        var oldest = (second + 1) % Seconds;
        Volatile.Write(ref _requestsBefore, _requestsAt[oldest]);
        Volatile.Write(ref _retriesBefore, _retriesAt[oldest]);
    }
}
