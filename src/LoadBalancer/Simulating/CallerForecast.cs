namespace LoadBalancer.Daemon.Simulating;

/// <summary>What would have happened to one caller at one limit.</summary>
/// <param name="Caller">Who: a subject and its provider, or the client's address.</param>
/// <param name="Limit">The limit.</param>
/// <param name="Plan">The plan; null where it makes no difference.</param>
internal sealed record CallerForecast(string Caller, string Limit, string? Plan)
{
    /// <summary>Its requests that came to the limit.</summary>
    public long Requests { get; set; }

    /// <summary>Those of them that would have been refused.</summary>
    public long Refused { get; set; }

    /// <summary>The most of them within a minute of the clock.</summary>
    public long PeakPerMinute { get; set; }

    /// <summary>When it would have been refused first; null for never.</summary>
    public DateTimeOffset? FirstRefused { get; set; }

    /// <summary>On which route that would have been.</summary>
    public string? Route { get; set; }
}
