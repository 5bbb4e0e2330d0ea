using LoadBalancer.Faults;

namespace LoadBalancer.Http.Usage;

/// <summary>What one caller has used in one month. Thread-safe: interlocked numbers in one cache line, and nobody waits.</summary>
/// <param name="month">The month.</param>
/// <param name="name">The caller.</param>
internal sealed class CallerUsage(UsageMonth month, CallerName name)
{
    private long _requests;
    private long _rateLimited;
    private long _quotaExceeded;
    private long _concurrencyExceeded;
    private long _receivedBytes;
    private long _sentBytes;

    /// <summary>The month that this counts for.</summary>
    public UsageMonth Month => month;

    /// <summary>The caller.</summary>
    public CallerName Name => name;

    /// <summary>What was counted so far; the numbers are read one after the other.</summary>
    public UsageCounts Counts => new(
        Volatile.Read(ref _requests), Volatile.Read(ref _rateLimited), Volatile.Read(ref _quotaExceeded), Volatile.Read(ref _concurrencyExceeded),
        Volatile.Read(ref _receivedBytes), Volatile.Read(ref _sentBytes));

    /// <summary>Counts a request that has ended.</summary>
    /// <param name="fault">Why it was refused; <see cref="FaultKind.None"/> where it was not.</param>
    /// <param name="receivedBytes">Bytes of its body.</param>
    /// <param name="sentBytes">Bytes of its response's body.</param>
    public void Count(FaultKind fault, long receivedBytes, long sentBytes)
    {
        Interlocked.Increment(ref _requests);
        switch (fault)
        {
            case FaultKind.RateLimited:
                Interlocked.Increment(ref _rateLimited);
                break;

            case FaultKind.QuotaExceeded:
                Interlocked.Increment(ref _quotaExceeded);
                break;

            case FaultKind.ConcurrencyExceeded:
                Interlocked.Increment(ref _concurrencyExceeded);
                break;
        }

        if (receivedBytes > 0)
        {
            Interlocked.Add(ref _receivedBytes, receivedBytes);
        }

        if (sentBytes > 0)
        {
            Interlocked.Add(ref _sentBytes, sentBytes);
        }
    }

    /// <summary>Adds what was counted elsewhere: in an earlier process, say.</summary>
    public void Add(in UsageCounts counts)
    {
        Interlocked.Add(ref _requests, counts.Requests);
        Interlocked.Add(ref _rateLimited, counts.RateLimited);
        Interlocked.Add(ref _quotaExceeded, counts.QuotaExceeded);
        Interlocked.Add(ref _concurrencyExceeded, counts.ConcurrencyExceeded);
        Interlocked.Add(ref _receivedBytes, counts.ReceivedBytes);
        Interlocked.Add(ref _sentBytes, counts.SentBytes);
    }
}
