using System.Text.Json.Serialization;
using LoadBalancer.Redis;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Status;

/// <summary>A server of <c>state.redis</c>.</summary>
internal sealed record RedisStatus
{
    /// <summary>Its address.</summary>
    public required string Node { get; init; }

    /// <summary>True where every loop can ask it.</summary>
    public required bool Up { get; init; }

    /// <summary>Why it cannot be asked; null where it can.</summary>
    public required string? Reason { get; init; }

    /// <summary>Commands by what came of them, since it is in the file.</summary>
    public required IReadOnlyDictionary<string, long> Commands { get; init; }

    /// <summary>How long answers took.</summary>
    [JsonIgnore]
    public required LatencySnapshot Latency { get; init; }

    /// <summary>The status of a node.</summary>
    public static RedisStatus Of(RedisNode node) => new()
    {
        Node = node.Name,
        Up = node.IsUp,
        Reason = node.Failure,
        Commands = Enum.GetValues<RedisOutcome>().ToDictionary(outcome => outcome.ToString().ToLowerInvariant(), node.CountOf),
        Latency = node.Latency.Read(),
    };
}
