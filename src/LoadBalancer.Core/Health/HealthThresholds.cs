using LoadBalancer.Endpoints;

namespace LoadBalancer.Health;

/// <summary>
/// How many answers in a row change a verdict: pure arithmetic. One counter is enough, that of the answers that
/// contradict the verdict in force; any answer that agrees sets it back.
/// </summary>
/// <remarks>
/// The first answer of all decides alone. Nothing is known before it, so there is no verdict to defend against a
/// flapping check, and to send clients to a dead endpoint until it failed three times would be knowing better than the
/// probe. Until that answer the endpoint is used: to hold it back would make every start and every new endpoint an
/// outage of at least one probe, and a probe that can never answer would be an outage without end.
/// </remarks>
/// <param name="HealthyAfter">Successes in a row that make an unhealthy endpoint healthy, 1 or more.</param>
/// <param name="UnhealthyAfter">Failures in a row that make a healthy endpoint unhealthy, 1 or more.</param>
internal readonly record struct HealthThresholds(int HealthyAfter, int UnhealthyAfter)
{
    /// <summary>The state after one more answer.</summary>
    /// <param name="before">The state so far.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="now">The wall clock, for the operator.</param>
    public ActiveHealth After(ActiveHealth before, ProbeAnswer answer, DateTimeOffset now)
    {
        if (answer.Passed is not { } passed)
        {
            return before;
        }

        var says = passed ? HealthVerdict.Healthy : HealthVerdict.Unhealthy;
        if (before.Verdict == says)
        {
            return before with { Against = 0 };
        }

        var needed = before.Verdict switch
        {
            HealthVerdict.Unproven => 1,
            HealthVerdict.Healthy => UnhealthyAfter,
            _ => HealthyAfter,
        };
        var against = before.Against + 1;
        return against < needed
            ? before with { Against = against }
            : before with { Verdict = says, Reason = answer.Reason, Since = now, Against = 0 };
    }
}
