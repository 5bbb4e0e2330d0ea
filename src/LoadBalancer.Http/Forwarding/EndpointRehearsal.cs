using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>Why a pick may return an endpoint at this moment, or may not. It reads and changes nothing.</summary>
internal static class EndpointRehearsal
{
    /// <summary>One endpoint.</summary>
    /// <param name="member">The endpoint and its place in the file.</param>
    /// <param name="view">The upstream's view.</param>
    /// <param name="options">Who judges it.</param>
    /// <param name="cap">The most open leases that it may have.</param>
    /// <param name="chosen">The one that would be asked; null for none.</param>
    /// <param name="time">The clock of ejections.</param>
    public static EndpointExplanation Of(Member member, UpstreamView view, HealthOptions options, int cap, Endpoint? chosen, TimeProvider time)
    {
        var (endpoint, weight, _) = member;
        var (state, reason) = StateOf(member, view, options, cap, time);
        return new EndpointExplanation(endpoint.Label, state == "candidate" && endpoint == chosen ? "chosen" : state, weight, reason);
    }

    private static (string State, string? Reason) StateOf(Member member, UpstreamView view, HealthOptions options, int cap, TimeProvider time)
    {
        var (endpoint, weight, backup) = member;
        var (active, ejection) = (endpoint.Health.Active, endpoint.Health.Ejection);
        if (endpoint.IsDrained)
        {
            return ("drained", "an operator drained it");
        }

        if (weight == 0)
        {
            return ("weight_zero", endpoint.AssignedWeight is null ? "the file gives it the weight 0" : "an operator gave it the weight 0");
        }

        var isUnhealthy = options.Active is not null && active.Verdict == HealthVerdict.Unhealthy;
        var isEjected = options.Passive is not null && endpoint.Health.IsEjected;
        if (!view.Available.Any(other => other.Endpoint == endpoint))
        {
            return isUnhealthy ? ("unhealthy", $"its probes fail: {active.Reason}")
                : isEjected ? ("ejected", Ejected(ejection!, time))
                : ("not_available", "the upstream has not taken it in yet");
        }

        if (backup && view.Available.Any(other => !other.Backup && other.Weight > 0))
        {
            return ("backup", "it is a backup, and others are available");
        }

        return endpoint.Load.Active >= cap ? ("at_cap", FormattableString.Invariant($"it has {endpoint.Load.Active} requests, and may have {cap}"))
            : isUnhealthy ? ("candidate", $"although its probes fail ({active.Reason}): too few are healthy")
            : isEjected ? ("candidate", $"although it is ejected ({ejection!.Reason}): nobody else is left")
            : ("candidate", backup ? "it is a backup, and no other is available" : null);
    }

    private static string Ejected(Ejection ejection, TimeProvider time)
    {
        var left = ejection.For - time.GetElapsedTime(ejection.At);
        return FormattableString.Invariant($"watched traffic took it out ({ejection.Reason}), for another {Math.Max(0, Math.Ceiling(left.TotalSeconds)):0} s");
    }
}
