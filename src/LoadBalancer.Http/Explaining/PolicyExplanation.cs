namespace LoadBalancer.Http.Explaining;

/// <summary>What one policy of the route decided.</summary>
/// <param name="Policy">Its word in the file.</param>
/// <param name="Verdict"><c>allowed</c>, <c>changed</c>, <c>skipped</c>, <c>answered</c>, <c>refused</c>, <c>would_refuse</c> (in the route's shadow), or <c>not_reached</c>.</param>
/// <param name="Reason">The reason code; null where there is none.</param>
/// <param name="Facts">What it looked at, in order.</param>
internal sealed record PolicyExplanation(string Policy, string Verdict, string? Reason, IReadOnlyList<FactExplanation> Facts);
