using LoadBalancer.Discovery;

namespace LoadBalancer.Daemon.Status;

/// <summary>How the discovery of an upstream goes.</summary>
internal sealed record UpstreamDiscovery
{
    /// <summary>What is looked up.</summary>
    public required string Source { get; init; }

    /// <summary>How many endpoints the last good answer has.</summary>
    public required int Endpoints { get; init; }

    /// <summary>How many more addresses it has than are taken.</summary>
    public required int LeftOut { get; init; }

    /// <summary>Lookups by outcome: found, partial, empty, failed.</summary>
    public required IReadOnlyDictionary<string, long> Lookups { get; init; }

    /// <summary>When something was found last; null where nothing ever was.</summary>
    public required DateTimeOffset? LastSuccess { get; init; }

    /// <summary>Why the latest lookup that did not find everything did not; null where every one did.</summary>
    public required string? LastError { get; init; }

    /// <summary>When that was.</summary>
    public required DateTimeOffset? LastErrorAt { get; init; }

    /// <summary>When it is looked up next; null before the first answer.</summary>
    public required DateTimeOffset? NextLookup { get; init; }

    /// <summary>A discovery as of now; null where there is none.</summary>
    public static UpstreamDiscovery? Of(DiscoveryStatus? status) => status is null ? null : new UpstreamDiscovery
    {
        Source = status.Source,
        Endpoints = status.Endpoints,
        LeftOut = status.LeftOut,
        Lookups = Enum.GetValues<DiscoveryOutcome>().ToDictionary(outcome => outcome.ToString().ToLowerInvariant(), status.Count),
        LastSuccess = status.LastSuccess,
        LastError = status.LastError.Length > 0 ? status.LastError : null,
        LastErrorAt = status.LastErrorAt,
        NextLookup = status.NextLookup,
    };
}
