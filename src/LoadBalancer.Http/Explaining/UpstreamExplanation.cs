namespace LoadBalancer.Http.Explaining;

/// <summary>Which endpoint of an upstream would be asked, and why not the others.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Balance">The name of its balancer.</param>
/// <param name="Endpoints">All its endpoints, in the order of the file, and behind them those that were discovered.</param>
internal sealed record UpstreamExplanation(string Name, string Balance, IReadOnlyList<EndpointExplanation> Endpoints)
{
    /// <summary>The endpoint that would be asked at this moment; null for none.</summary>
    public string? Endpoint { get; init; }

    /// <summary>How it was chosen: the balancer's word, <c>affinity</c>, or null where nobody was.</summary>
    public string? ChosenBy { get; init; }

    /// <summary>True where the same request would go to the same endpoint again: it is the only one, a hash says so, or the client's cookie.</summary>
    public bool IsFixed { get; init; }

    /// <summary>Why endpoints are used whose probes fail; null while there is no panic.</summary>
    public string? Panic { get; init; }

    /// <summary>What stands in the way, or may: a breaker, a limit, a discovery that does not run here; a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
