namespace LoadBalancer.Daemon.Simulating;

/// <summary>What the limits of a configuration would have done with the requests of a log: the answer of <c>lb simulate</c>.</summary>
internal sealed record Simulation
{
    /// <summary>The requests that were led through it.</summary>
    public long Requests { get; init; }

    /// <summary>The time of the first; null where there is none.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>The time of the last.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Those that every limit would have let pass.</summary>
    public long Passed { get; init; }

    /// <summary>Those that a limit would have refused.</summary>
    public long Limited { get; init; }

    /// <summary>When that would have happened first; null for never.</summary>
    public DateTimeOffset? FirstLimited { get; init; }

    /// <summary>Those that something else refuses before all limits are asked.</summary>
    public long Refused { get; init; }

    /// <summary>Those that no route of the configuration takes, or no listener has.</summary>
    public long Unrouted { get; init; }

    /// <summary>Those whose caller's limits could not be asked: see <see cref="Lacking"/>.</summary>
    public long Undecided { get; init; }

    /// <summary>Lines that were no JSON.</summary>
    public long NoJson { get; init; }

    /// <summary>Lines of something else than requests.</summary>
    public long NoRequests { get; init; }

    /// <summary>What each limit would have said, for each plan that it tells apart.</summary>
    public required IReadOnlyList<LimitForecast> Limits { get; init; }

    /// <summary>The callers that would have been refused most.</summary>
    public required IReadOnlyList<CallerForecast> Callers { get; init; }

    /// <summary>What would have happened on each route.</summary>
    public required IReadOnlyList<RouteForecast> Routes { get; init; }

    /// <summary>What the log does not say, and what therefore was not decided, or was assumed; a sentence each.</summary>
    public required IReadOnlyList<string> Lacking { get; init; }
}
