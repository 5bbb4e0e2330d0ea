namespace LoadBalancer.Daemon.Simulating;

/// <summary>What would have happened on one route.</summary>
/// <param name="Listener">Its listener.</param>
/// <param name="Route">Its name.</param>
internal sealed record RouteForecast(string Listener, string Route)
{
    /// <summary>Its requests.</summary>
    public long Requests { get; set; }

    /// <summary>Those that a limit would have refused.</summary>
    public long Limited { get; set; }
}
