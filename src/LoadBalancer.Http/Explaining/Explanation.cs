using System.Text.Json.Serialization;

namespace LoadBalancer.Http.Explaining;

/// <summary>
/// What would be done with a request, and why, step by step: the one model from which text, JSON and every verb that explains print. Texts of it hold
/// no secret: see <see cref="Redaction"/>.
/// </summary>
internal sealed record Explanation
{
    /// <summary>The near misses that are told of; <see cref="MoreMisses"/> counts the others.</summary>
    public const int MostMisses = 20;

    /// <summary>The listener that takes it.</summary>
    public required string Listener { get; init; }

    /// <summary>The request.</summary>
    public required RequestExplanation Request { get; init; }

    /// <summary>What is assumed and was not looked at, a sentence each.</summary>
    public IReadOnlyList<string> Assumed { get; init; } = [];

    /// <summary>The route that has it; null for none.</summary>
    public RouteExplanation? Route { get; init; }

    /// <summary>The routes that have its host or path and not the request, the closest first.</summary>
    public IReadOnlyList<RouteMiss> Misses { get; init; } = [];

    /// <summary>How many more of them there are.</summary>
    public int MoreMisses { get; init; }

    /// <summary>The route's policies, in the order in which they are asked.</summary>
    public IReadOnlyList<PolicyExplanation> Policies { get; init; } = [];

    /// <summary>Who calls; null for nobody.</summary>
    public IdentityExplanation? Identity { get; init; }

    /// <summary>What the route does with it, the stand-in for an error last; empty where a policy or the route's absence decides.</summary>
    public IReadOnlyList<ActionExplanation> Actions { get; init; } = [];

    /// <summary>The head of the request as the endpoint would get it, a line each; empty where nothing is sent.</summary>
    public IReadOnlyList<string> Sent { get; init; } = [];

    /// <summary>What the client would get.</summary>
    public required AnswerExplanation Answer { get; init; }

    /// <summary>The upstream that decides; null where none does.</summary>
    [JsonIgnore]
    public UpstreamExplanation? Upstream => Actions.Count == 0 ? null : Actions[^1].Upstream;
}
