using LoadBalancer.Endpoints;

namespace LoadBalancer.Daemon.Status;

/// <summary>What one judge thinks of an endpoint.</summary>
/// <param name="Judge">Who: <c>active</c> (probes) or <c>passive</c> (watched traffic).</param>
/// <param name="Verdict">What: <c>healthy</c>, <c>unhealthy</c>, <c>ejected</c>.</param>
/// <param name="Reason">Why, as a sentence.</param>
/// <param name="Since">Since when; null where it was always so.</param>
/// <param name="Until">When it ends by itself; null where it does not.</param>
/// <param name="Cause">The rule of <c>health.passive</c> that took it out; null where it was none.</param>
internal sealed record VerdictStatus(string Judge, string Verdict, string Reason, DateTimeOffset? Since, DateTimeOffset? Until = null, string? Cause = null)
{
    /// <summary>The verdicts in force: none of a judge that is off or has not spoken yet.</summary>
    public static IEnumerable<VerdictStatus> Of(HealthState health)
    {
        if (health.Active is { Verdict: not HealthVerdict.Unproven } active)
        {
            yield return new VerdictStatus("active", active.Verdict.ToString().ToLowerInvariant(), active.Reason, active.Since);
        }

        if (health.Ejection is { Over: false } ejection)
        {
            yield return new VerdictStatus("passive", "ejected", ejection.Reason, ejection.Since, ejection.Since + ejection.For, ejection.Cause.Word());
        }
    }
}
