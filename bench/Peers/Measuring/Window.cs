using System.Collections.Immutable;

namespace LoadBalancer.Peers.Measuring;

/// <summary>One contender in one scenario in one round.</summary>
internal sealed record Window
{
    public required string Scenario { get; init; }
    public required string Contender { get; init; }

    /// <summary>From 1.</summary>
    public required int Round { get; init; }

    public required ImmutableArray<Piece> Pieces { get; init; }

    /// <summary>Failed exchanges, those before the first piece included.</summary>
    public required long Errors { get; init; }

    /// <summary>The latency that 99 of 100 of all pieces together do not exceed: what stops a proxy for a moment is in few of them. 0 where it was not measured.</summary>
    public long P99Ns { get; init; }

    /// <summary>Why the first of them failed; empty where none did.</summary>
    public required string Reason { get; init; }

    /// <summary>The part of the proxy's CPU time that was its own code, 0 to 1; the rest was the kernel's.</summary>
    public required double UserShare { get; init; }

    /// <summary>What neither the proxy nor the measuring used of the two cores, and who took it.</summary>
    public required CoreDisturbance ProxyCore { get; init; }

    public required CoreDisturbance LoadCore { get; init; }

    /// <summary>Sockets in TIME_WAIT when it began: what earlier windows left.</summary>
    public required int TimeWaitBefore { get; init; }
}
