using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Limits;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Explaining;

/// <summary>What an upstream would do with one more request, and why: which endpoints a pick may return at this moment, and what else stands in the way. It reads and changes nothing.</summary>
internal static class UpstreamRehearsal
{
    /// <summary>An upstream, where a choice was made.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="view">The view that was chosen from.</param>
    /// <param name="chosen">The endpoint that would be asked; null for none.</param>
    /// <param name="isSame">True where the client's cookie named it.</param>
    /// <param name="fails">True where nobody would be asked, whoever was chosen.</param>
    /// <param name="isUnknown">True where endpoints are to be discovered, and no discovery runs.</param>
    /// <param name="importance">How important the request is in overload.</param>
    /// <param name="time">The clock of ejections.</param>
    public static UpstreamExplanation Of(
        Upstream upstream, UpstreamView view, Endpoint? chosen, bool isSame, bool fails, bool isUnknown, Importance importance, TimeProvider time)
    {
        var options = upstream.Options;
        List<EndpointExplanation> endpoints = [.. view.All.Select(member => Of(member, view, options.Health, upstream.Pending.Cap, fails ? null : chosen, time))];
        return new UpstreamExplanation(upstream.Name, options.Balance, endpoints)
        {
            Endpoint = fails ? null : chosen?.Label,
            ChosenBy = fails || chosen is null ? null : isSame ? "affinity" : options.Balance,
            IsFixed = !fails && chosen is not null && !isUnknown && (isSame || options.Balance == "hash" || endpoints.Count(endpoint => endpoint.MayBePicked) == 1),
            Panic = view.Panic,
            Notes = [.. Notes(upstream, view, chosen, isUnknown, importance)],
        };
    }

    private static EndpointExplanation Of(Member member, UpstreamView view, HealthOptions options, int cap, Endpoint? chosen, TimeProvider time)
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

    private static IEnumerable<string> Notes(Upstream upstream, UpstreamView view, Endpoint? chosen, bool isUnknown, Importance importance)
    {
        if (isUnknown)
        {
            yield return "its endpoints come from a discovery that is not asked here: what it would find is not known";
        }

        if (upstream.Circuit is { State: not CircuitState.Closed } circuit)
        {
            yield return circuit.State == CircuitState.Open
                ? FormattableString.Invariant($"the circuit breaker is open, for another {circuit.RetryAfterSeconds} s: {circuit.Reason}")
                : $"the circuit breaker is half open, and lets few requests pass: {circuit.Reason}";
        }

        if (upstream.Gate is { } gate && (gate.UnderWay >= gate.Limit || upstream.Pending.GateWaits > 0))
        {
            yield return FormattableString.Invariant(
                $"concurrency: {gate.UnderWay} of {gate.Limit} are under way, {upstream.Pending.GateWaits} wait; this one would wait too, by its importance ({importance.ToString().ToLowerInvariant()})");
        }

        if (chosen is null && !isUnknown && upstream.Pending.Cap != PickContext.NoCap && view.Available.Length > 0)
        {
            yield return FormattableString.Invariant($"every endpoint has as many requests as it may ({upstream.Pending.Cap}): this one would wait, {upstream.Options.PendingTimeout.TotalSeconds:0.###} s at most");
        }

        if (upstream.Options.Protocol is UpstreamProtocol.Http2 or UpstreamProtocol.Grpc)
        {
            yield return "endpoints are spoken to in HTTP/2: the head below is the same in other words";
        }
    }
}
