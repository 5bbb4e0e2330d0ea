using System.Text.Json.Serialization;
using LoadBalancer.Daemon.State;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Limits;

namespace LoadBalancer.Daemon.Status;

/// <summary>
/// The daemon at one moment, in the words of the glossary: /status prints it as JSON and /metrics as numbers. It is read
/// from the live objects for each answer and then belongs to nobody.
/// </summary>
internal sealed record GatewayStatus
{
    /// <summary>The program's version.</summary>
    public required string Version { get; init; }

    /// <summary>The commit that it was built from; empty where that is not known.</summary>
    public required string Commit { get; init; }

    /// <summary>The process.</summary>
    public required int ProcessId { get; init; }

    /// <summary>When the process started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>What /readyz says.</summary>
    public required bool Ready { get; init; }

    /// <summary>Why it is not ready; empty where it is.</summary>
    public required IReadOnlyList<string> NotReadyBecause { get; init; }

    /// <summary>The configuration that runs, and how reloads went.</summary>
    public required ConfigStatus Config { get; init; }

    /// <summary>Every endpoint that operators have drained, those too that the configuration does not have at the moment.</summary>
    public IReadOnlyList<EndpointNote> Drained { get; init; } = [];

    /// <summary>Every endpoint to which operators have given a weight, likewise.</summary>
    public IReadOnlyList<EndpointNote> Weighed { get; init; } = [];

    /// <summary>The files of keys and passwords that entries of <c>auth</c> read.</summary>
    public IReadOnlyList<AuthFileStatus> AuthFiles { get; init; } = [];

    /// <summary>The keys that entries of <c>auth</c> have from their issuers.</summary>
    public IReadOnlyList<AuthKeysStatus> AuthKeys { get; init; } = [];

    /// <summary>The event loops, by their index.</summary>
    public required IReadOnlyList<LoopStatus> Loops { get; init; }

    /// <summary>The listeners that run, in the order of the file.</summary>
    public required IReadOnlyList<ListenerStatus> Listeners { get; init; }

    /// <summary>What the providers of <c>auth</c> have answered since the process started.</summary>
    [JsonIgnore]
    public IReadOnlyList<AuthCounts> Auth { get; init; } = [];

    /// <summary>The limits, and what they have said since the process started.</summary>
    public IReadOnlyList<LimitStatus> Limits { get; init; } = [];

    /// <summary>What limits have said since the process started, those too that the configuration does not have at the moment.</summary>
    [JsonIgnore]
    public IReadOnlyList<LimitCounts> LimitCounts { get; init; } = [];

    /// <summary>What has waited for a bandwidth since the process started, by direction.</summary>
    [JsonIgnore]
    public IReadOnlyList<(string Limit, string Plan, string Direction, PaceCounts Counts)> Paces { get; init; } = [];

    /// <summary>What is kept of answers; null where no route keeps any.</summary>
    public CacheStatus? Cache { get; init; }

    /// <summary>The servers of <c>state.redis</c>; of a cluster those that were asked so far.</summary>
    public IReadOnlyList<RedisStatus> Redis { get; init; } = [];

    /// <summary>The upstreams that run, in the order of the file.</summary>
    public required IReadOnlyList<UpstreamStatus> Upstreams { get; init; }
}
