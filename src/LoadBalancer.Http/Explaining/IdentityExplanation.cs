namespace LoadBalancer.Http.Explaining;

/// <summary>Who calls, as the route's <c>auth</c> has found out.</summary>
/// <param name="Provider">Which entry of <c>auth</c> says so.</param>
/// <param name="Subject">Who.</param>
/// <param name="Plan">The plan; null for none.</param>
/// <param name="Roles">The roles.</param>
/// <param name="Scopes">The scopes.</param>
internal sealed record IdentityExplanation(string Provider, string Subject, string? Plan, IReadOnlyList<string> Roles, IReadOnlyList<string> Scopes);
