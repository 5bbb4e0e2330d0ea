namespace LoadBalancer.Daemon.Status;

/// <summary>An endpoint of one upstream: its place in the file, its load, and what is thought of it.</summary>
internal sealed record EndpointStatus
{
    /// <summary>Its address as the file writes it; with the upstream's name its identity.</summary>
    public required string Address { get; init; }

    /// <summary>Its share of traffic, from the file.</summary>
    public required int Weight { get; init; }

    /// <summary>True where it is used only while no other is available.</summary>
    public required bool Backup { get; init; }

    /// <summary>Why it is or is not picked.</summary>
    public required EndpointState State { get; init; }

    /// <summary>Connections to it now.</summary>
    public required long ActiveConnections { get; init; }

    /// <summary>Times that it was picked since it is known.</summary>
    public required long Connections { get; init; }

    /// <summary>Times that it was at fault, by reason; every reason that it can be at fault for, so that a first one is seen as an increase.</summary>
    public required IReadOnlyDictionary<string, long> Faults { get; init; }

    /// <summary>What each judge thinks of it; empty where nothing judges it.</summary>
    public required IReadOnlyList<VerdictStatus> Verdicts { get; init; }

    /// <summary>True where a pick may return it.</summary>
    public bool Available => State == EndpointState.Available;
}
