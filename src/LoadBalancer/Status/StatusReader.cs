using LoadBalancer.Balancing;
using LoadBalancer.Daemon.Admin;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Status;

/// <summary>Reads the live objects for /status and /metrics. Thread-safe. A reading is not one instant, but each number in it was true.</summary>
internal sealed class StatusReader(Reloader reloader, Readiness readiness, LoopGroup loops, TimeProvider time)
{
    /// <summary>What an endpoint can be at fault for on a TCP listener.</summary>
    private static readonly FaultKind[] EndpointFaults =
        [FaultKind.ConnectRefused, FaultKind.ConnectTimeout, FaultKind.ConnectUnreachable, FaultKind.Reset, FaultKind.HalfClosedTimeout];

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    /// <summary>Everything as of now.</summary>
    public GatewayStatus Read()
    {
        var snapshot = reloader.Snapshot;
        var reasons = readiness.Reasons;
        return new GatewayStatus
        {
            Version = Shell.Version,
            ProcessId = Environment.ProcessId,
            StartedAt = _startedAt,
            Ready = reasons.Count == 0,
            NotReadyBecause = reasons,
            Config = Config(snapshot, reloader.Outcome),
            Loops = [.. loops.Loops.ToArray().Select(loop => new LoopStatus(loop.Index, loop.Turns, loops.StallsOf(loop.Index)))],
            Listeners = [.. snapshot.Listeners.Values.Select(ListenerOf)],
            Upstreams = [.. snapshot.Upstreams.Values.Select(UpstreamOf)],
        };
    }

    private static ConfigStatus Config(Snapshot snapshot, ReloadOutcome outcome) => new()
    {
        Version = snapshot.Digest,
        Files = snapshot.Files,
        LoadedAt = snapshot.Since,
        Reloads = outcome.Applied,
        RefusedReloads = outcome.Refused,
        LastRefusal = outcome.RefusedAt is { } at ? new RefusalStatus(at, outcome.Errors) : null,
    };

    private static ListenerStatus ListenerOf(Listener listener) => new()
    {
        Name = listener.Name,
        Addresses = [.. listener.Addresses.Select(address => address.ToString()!)],
        Upstream = listener.Proxy?.Upstream.Name ?? "",
        MaxConnections = listener.Connections.Limit,
        Metrics = listener.Metrics,
    };

    private static UpstreamStatus UpstreamOf(Upstream upstream)
    {
        var view = upstream.View;
        return new UpstreamStatus(upstream.Name, upstream.Options.Balance, [.. view.All.Select(EndpointOf)]);
    }

    private static EndpointStatus EndpointOf(Member member)
    {
        var (endpoint, weight, backup) = member;
        return new EndpointStatus
        {
            Address = endpoint.Label,
            Weight = weight,
            Backup = backup,
            State = StateOf(endpoint.Health, weight),
            ActiveConnections = endpoint.Load.Active,
            Connections = endpoint.Load.Leased,
            Faults = EndpointFaults.ToDictionary(kind => new Fault(FaultSide.Upstream, kind).Reason, endpoint.Load.Faults),
            Verdicts = [.. Verdicts(endpoint.Health)],
        };
    }

    private static EndpointState StateOf(HealthState health, int weight) => health switch
    {
        _ when weight == 0 => EndpointState.Drained,
        { Active.Verdict: HealthVerdict.Unhealthy } => EndpointState.Unhealthy,
        { IsEjected: true } => EndpointState.Ejected,
        _ => EndpointState.Available,
    };

    private static IEnumerable<VerdictStatus> Verdicts(HealthState health)
    {
        if (health.Active is { Verdict: not HealthVerdict.Unproven } active)
        {
            yield return new VerdictStatus("active", active.Verdict.ToString().ToLowerInvariant(), active.Reason, active.Since);
        }

        if (health.Ejection is { Over: false } ejection)
        {
            yield return new VerdictStatus("passive", "ejected", ejection.Reason, ejection.Since);
        }
    }
}
