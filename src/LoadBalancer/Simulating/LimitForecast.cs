namespace LoadBalancer.Daemon.Simulating;

/// <summary>What one limit would have said.</summary>
/// <param name="Limit">Its name; <c>plan:rate</c>, <c>plan:day</c>, <c>plan:month</c> and <c>plan:concurrency</c> for a plan's own.</param>
/// <param name="Plan">The plan; null where it makes no difference.</param>
internal sealed record LimitForecast(string Limit, string? Plan)
{
    /// <summary>Requests that it would have let pass.</summary>
    public long Passed { get; set; }

    /// <summary>Requests that it would have refused.</summary>
    public long Refused { get; set; }

    /// <summary>The most requests that came to it within a second of the clock.</summary>
    public long PeakPerSecond { get; set; }

    /// <summary>The most requests of one caller within a minute of the clock.</summary>
    public long CallerPeakPerMinute { get; set; }

    /// <summary>When it would have refused first; null for never.</summary>
    public DateTimeOffset? FirstRefused { get; set; }
}
