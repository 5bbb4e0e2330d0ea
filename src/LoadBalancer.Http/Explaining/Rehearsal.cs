using LoadBalancer.Http.Authentication;

namespace LoadBalancer.Http.Explaining;

/// <summary>
/// What is known and assumed of a request that nobody has sent, and what the handlers would do with it: each tells of itself here in place of
/// acting. It belongs to one exchange, and to its loop.
/// </summary>
internal sealed class Rehearsal
{
    /// <summary>Who calls, where that is not to be found out from the request; null where it is.</summary>
    public Identity? Identity { get; init; }

    /// <summary>True where no discovery runs, so that an upstream without endpoints says nothing.</summary>
    public bool IsOffline { get; init; }

    /// <summary>True where providers may ask whom they would ask: an issuer for its keys, a service about the caller.</summary>
    public bool MayAsk { get; init; }

    /// <summary>What the handlers would do, in their order: the last one decides what the client gets, be it as a stand-in for the one before.</summary>
    public List<ActionExplanation> Actions { get; } = [];

    /// <summary>The head of the request as the endpoint would get it, in HTTP/1.1; empty where nothing is sent.</summary>
    public byte[] Sent { get; set; } = [];
}
