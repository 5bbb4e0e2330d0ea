namespace LoadBalancer.Http.Explaining;

/// <summary>Something that a policy looked at.</summary>
/// <param name="Name">What, in snake case.</param>
/// <param name="Value">Its text.</param>
internal sealed record FactExplanation(string Name, string Value);
