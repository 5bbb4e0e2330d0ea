namespace LoadBalancer.Limits;

/// <summary>One limit for the callers of one plan: what its counts are kept under, in this process and in a store.</summary>
/// <param name="Name">The limit's name: of <c>rate_limits</c>, or of a plan's own <c>plan:rate</c>, <c>plan:day</c> or <c>plan:month</c>.</param>
/// <param name="Plan">The plan; <c>default</c> for callers without one, <c>anonymous</c> for nobody known.</param>
/// <param name="Rule">How many.</param>
/// <param name="Mode">Where it counts.</param>
/// <param name="OnFailure">What it does while the store cannot be asked.</param>
internal sealed record LimitSpec(string Name, string Plan, LimitRule Rule, LimitMode Mode, StoreFailure OnFailure);
