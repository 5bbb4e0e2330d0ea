namespace LoadBalancer.Http.Explaining;

/// <summary>A request that failed, as it is remembered for a while: what was decided about it, and how its attempts went. No value that a client sent in a field, and no query.</summary>
internal sealed record FailedRequest
{
    /// <summary>Its id: the one in the problem body, the access log and X-Request-Id.</summary>
    public required string Id { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The listener.</summary>
    public required string Listener { get; init; }

    /// <summary>The route; null for none.</summary>
    public string? Route { get; init; }

    /// <summary>The route's path as the file has it, never the client's.</summary>
    public string? Path { get; init; }

    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>The host.</summary>
    public required string Host { get; init; }

    /// <summary>The client's address; null for a Unix socket.</summary>
    public string? Client { get; init; }

    /// <summary>The status that the client got.</summary>
    public required int Status { get; init; }

    /// <summary>The reason code; null where nothing failed, and only a policy would have refused it.</summary>
    public string? Code { get; init; }

    /// <summary>Whose fault it was; null likewise.</summary>
    public string? Side { get; init; }

    /// <summary>The upstream that it was for; null for none.</summary>
    public string? Upstream { get; init; }

    /// <summary>The endpoint that was asked last; null for none.</summary>
    public string? Endpoint { get; init; }

    /// <summary>How many attempts there were.</summary>
    public int Tries { get; init; }

    /// <summary>Why it was sent again, the last time; null where it was not.</summary>
    public string? RetriedFor { get; init; }

    /// <summary>The attempts that failed, in order.</summary>
    public IReadOnlyList<AttemptExplanation> Attempts { get; init; } = [];

    /// <summary>What the policies decided.</summary>
    public IReadOnlyList<PolicyExplanation> Policies { get; init; } = [];

    /// <summary>Milliseconds until an endpoint was leased; null for never.</summary>
    public double? QueueMs { get; init; }

    /// <summary>Milliseconds from there until a connection was there.</summary>
    public double? ConnectMs { get; init; }

    /// <summary>Milliseconds from there to the first byte of the response.</summary>
    public double? FirstByteMs { get; init; }

    /// <summary>Milliseconds in all.</summary>
    public double TotalMs { get; init; }
}
