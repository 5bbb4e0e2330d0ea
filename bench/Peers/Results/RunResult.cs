using System.Collections.Immutable;
using LoadBalancer.Peers.Measuring;

namespace LoadBalancer.Peers.Results;

/// <summary>Everything that a run measured; written as JSON, from which the report can be made again.</summary>
internal sealed record RunResult
{
    public required string StartedAt { get; init; }
    public required Machine Machine { get; init; }
    public required Cores Cores { get; init; }
    public required int Rounds { get; init; }
    public required int PiecesPerWindow { get; init; }
    public required bool Quick { get; init; }

    /// <summary>The first line of each contender's version, by its name.</summary>
    public required ImmutableSortedDictionary<string, string> Versions { get; init; }

    public required ImmutableArray<Window> Windows { get; init; }
    public required ImmutableArray<IdleSample> Idle { get; init; }
    public required ImmutableArray<StartSample> Starts { get; init; }
}
