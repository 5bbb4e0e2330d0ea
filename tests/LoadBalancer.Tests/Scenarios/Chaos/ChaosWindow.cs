namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>A time in which something was wrong, or was changed.</summary>
/// <param name="From">When it began, on the run's clock.</param>
/// <param name="Kind">What: a fault of a machine, or <c>absent</c> (from the name), <c>nameless</c> (the name leads nowhere), <c>unlisted</c> (in the file), <c>removal</c> (of an endpoint, with the time of a drain), <c>unrouted</c>, <c>upgrade</c>, <c>busy</c>.</param>
/// <param name="Machine">The address of the machine; empty where it is about none.</param>
internal sealed record ChaosWindow(TimeSpan From, string Kind, string Machine = "")
{
    /// <summary>When it ended.</summary>
    public TimeSpan Until { get; set; } = TimeSpan.MaxValue;

    /// <summary>Whether some of it lies in this time, or up to <paramref name="slack"/> before.</summary>
    public bool Touches(TimeSpan from, TimeSpan until, TimeSpan slack) => From <= until && (Until == TimeSpan.MaxValue || Until + slack >= from);
}
