namespace LoadBalancer.Http.Policies;

/// <summary>A policy in its place of a chain.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="IsShadow">True where it is only watched: what it would refuse passes.</param>
internal readonly record struct PolicyStep(HttpPolicy Policy, bool IsShadow);
