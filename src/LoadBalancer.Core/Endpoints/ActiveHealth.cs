namespace LoadBalancer.Endpoints;

/// <summary>What the probes of an endpoint have said so far. Immutable, replaced after every probe.</summary>
/// <param name="Verdict">The verdict in force.</param>
/// <param name="Reason">The answer that led to it, for the operator.</param>
/// <param name="Since">When it came into force, by the wall clock, for the operator only; null where none is.</param>
/// <param name="Against">Answers in a row that contradict the verdict; thresholds compare it.</param>
/// <param name="ProbedAt">The timestamp of the latest probe's start, in the unit of the process's <see cref="TimeProvider"/>; null where none was.</param>
public sealed record ActiveHealth(HealthVerdict Verdict, string Reason, DateTimeOffset? Since, int Against, long? ProbedAt)
{
    /// <summary>The latest probe, whatever it came to; null where there was none.</summary>
    public LatestProbe? Latest { get; init; }

    /// <summary>The state before the first probe.</summary>
    public static ActiveHealth Unproven { get; } = new(HealthVerdict.Unproven, "not probed", Since: null, Against: 0, ProbedAt: null);
}
