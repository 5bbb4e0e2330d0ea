namespace LoadBalancer.Peers.Scenarios;

/// <summary>Traffic through a proxy, measured in CPU time for each <see cref="Scenario.Unit"/>.</summary>
internal sealed record TrafficScenario(string Name, string Title, string Unit) : Scenario(Name, Title, Unit)
{
    /// <summary>What the clients do, in the words of native/load.c.</summary>
    public required string Kind { get; init; }

    public required int Connections { get; init; }

    /// <summary>Requests under way at once on a connection of HTTP/2.</summary>
    public int Streams { get; init; } = 1;

    /// <summary>Bytes of a message, or of an answer's body.</summary>
    public int Size { get; init; } = 100;

    /// <summary>Messages or requests a second over all connections; 0 where the next waits for the answer.</summary>
    public int Rate { get; init; }

    /// <summary>True where the streams end at the endpoints that only take, else at those that answer.</summary>
    public bool ToSink { get; init; }

    /// <summary>How many of what the load counts make a unit.</summary>
    public double CountsPerUnit { get; init; } = 1;

    public bool HasLatency { get; init; }

    /// <summary>Different paths that are asked for; 0 for more than anybody keeps.</summary>
    public int Addresses { get; init; }

    /// <summary>Tokens that requests bring in turn; 0 where they bring none.</summary>
    public int Tokens { get; init; }

    /// <summary>Hostile clients beside these: what they do follows from the service, see native/slow.c.</summary>
    public int Slow { get; init; }

    /// <summary>What hostile clients of HTTP/2 send, in the words of native/load.c.</summary>
    public string Flood { get; init; } = "resets";

    /// <summary>How often the configuration is loaded again while it is measured, each time with another route; null for never. Of lb only.</summary>
    public TimeSpan? ReloadEvery { get; init; }

    /// <summary>The scenario that is the same without what this one adds, whose cost and p99 are compared with this one's; null for none.</summary>
    public string? Without { get; init; }
}
