using System.Text.Json.Serialization;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Status;

/// <summary>An endpoint of one upstream: its place in the file, its load, and what is thought of it.</summary>
internal sealed record EndpointStatus
{
    // What an endpoint of a TCP listener can be at fault for; another kind is listed when it occurs.
    private static readonly FaultKind[] Expected =
        [FaultKind.ConnectRefused, FaultKind.ConnectTimeout, FaultKind.ConnectUnreachable, FaultKind.Reset, FaultKind.EarlyClose, FaultKind.HalfClosedTimeout];

    private static readonly TransitionKind[] Judged =
        [TransitionKind.Healthy, TransitionKind.Unhealthy, TransitionKind.Ejected, TransitionKind.Returned, TransitionKind.Spared];

    /// <summary>Its address as the file writes it; with the upstream's name its identity.</summary>
    public required string Address { get; init; }

    /// <summary>Its share of traffic, from the file or from an operator.</summary>
    public required int Weight { get; init; }

    /// <summary>True where it is used only while no other is available.</summary>
    public required bool Backup { get; init; }

    /// <summary>Why it is or is not picked.</summary>
    public required EndpointState State { get; init; }

    /// <summary>Connections to it now.</summary>
    public required long ActiveConnections { get; init; }

    /// <summary>Times that it was picked since it is known.</summary>
    public required long Connections { get; init; }

    /// <summary>How long connects to it took.</summary>
    [JsonIgnore]
    public required LatencyHistogram ConnectTimes { get; init; }

    /// <summary>Times that it was at fault, by reason; the common reasons always, so that a first one is seen as an increase.</summary>
    public required IReadOnlyDictionary<string, long> Faults { get; init; }

    /// <summary>What each judge thinks of it; empty where nothing judges it.</summary>
    public required IReadOnlyList<VerdictStatus> Verdicts { get; init; }

    /// <summary>The latest probe; null where it was never probed.</summary>
    public ProbeStatus? Probe { get; init; }

    /// <summary>Probes by what they came to: those that passed, and what occurred; empty where it was never probed.</summary>
    public required IReadOnlyDictionary<string, long> Probes { get; init; }

    /// <summary>How often a judge changed its mind, by what it then thought: every kind, so that a first one is seen as an increase.</summary>
    public required IReadOnlyDictionary<string, long> Transitions { get; init; }

    /// <summary>How often watched traffic took it out, by the rule that did: every rule.</summary>
    public IReadOnlyDictionary<string, long> Ejections { get; init; } = EjectionCauses.All.ToDictionary(cause => cause.Word(), _ => 0L);

    /// <summary>Who drained it and when; null where no operator did.</summary>
    public OperatorStatus? Drained { get; init; }

    /// <summary>The deadline of its drain, which is to come; null where it has none.</summary>
    [JsonIgnore]
    public DateTimeOffset? DrainedUntil { get; init; }

    /// <summary>Who gave it its weight and when; null where the file does.</summary>
    public OperatorStatus? Weighed { get; init; }

    /// <summary>True where a pick may return it; in panic an unhealthy one too.</summary>
    public required bool Available { get; init; }

    /// <summary>An endpoint as of now.</summary>
    /// <param name="member">The endpoint and its place in the file.</param>
    /// <param name="available">Whether the upstream's view lets a pick return it.</param>
    public static EndpointStatus Of(Member member, bool available)
    {
        var (endpoint, weight, backup) = member;
        return new EndpointStatus
        {
            Address = endpoint.Label,
            Weight = weight,
            Backup = backup,
            Available = available,

            // In panic an unhealthy one is available too, and its state says what it is.
            State = weight == 0 || endpoint.IsDrained ? EndpointState.Drained
                : endpoint.Health.Active.Verdict == HealthVerdict.Unhealthy ? EndpointState.Unhealthy
                : available ? EndpointState.Available
                : EndpointState.Ejected,
            DrainedUntil = endpoint.OperatorWithdrawal is { IsClosed: false, Until: var until } ? until : null,
            ActiveConnections = endpoint.Load.Active,
            Connections = endpoint.Load.Leased,
            ConnectTimes = endpoint.ConnectTimes,
            Faults = Enum.GetValues<FaultKind>()
                .Where(kind => Expected.Contains(kind) || endpoint.Load.Faults(kind) > 0)
                .ToDictionary(kind => new Fault(FaultSide.Upstream, kind).Reason, endpoint.Load.Faults),
            Verdicts = [.. VerdictStatus.Of(endpoint.Health)],
            Probe = ProbeStatus.Of(endpoint.Health.Active),
            Probes = Enum.GetValues<ProbeResult>()
                .Where(result => endpoint.Health.Probes(result) > 0 || (result == ProbeResult.Passed && endpoint.Health.Active.Latest is not null))
                .ToDictionary(ProbeStatus.Code, endpoint.Health.Probes),
            Ejections = EjectionCauses.All.ToDictionary(cause => cause.Word(), endpoint.Health.Ejections),
            Transitions = Judged.ToDictionary(kind => kind.ToString().ToLowerInvariant(), endpoint.Health.Transitions),
        };
    }
}
