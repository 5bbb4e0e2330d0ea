using LoadBalancer.Daemon.Reloading;

namespace LoadBalancer.Daemon.Status;

/// <summary>Why the guard took a reload back.</summary>
/// <param name="Listener">The listener.</param>
/// <param name="Route">The route.</param>
/// <param name="Measure">What got worse: <c>5xx</c>, <c>401</c>, <c>403</c>, <c>404</c>, <c>429</c> or <c>p99</c>.</param>
/// <param name="Before">What it was before: a part of all requests, or seconds.</param>
/// <param name="After">What it was after the reload.</param>
/// <param name="Why">All that as a sentence.</param>
internal sealed record GuardStatus(string Listener, string Route, string Measure, double Before, double After, string Why)
{
    /// <summary>What the guard has found; null for nothing.</summary>
    public static GuardStatus? Of(GuardFinding? finding) =>
        finding is null ? null : new(finding.Listener, finding.Route, finding.Measure, finding.Before, finding.After, finding.ToString());
}
