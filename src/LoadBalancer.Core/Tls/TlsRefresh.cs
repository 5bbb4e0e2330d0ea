namespace LoadBalancer.Tls;

/// <summary>What came of files that have changed.</summary>
/// <param name="Refusal">Why they were no use, so that what was there before stays; null where they took effect.</param>
/// <param name="Warnings">What works but is hardly meant.</param>
internal sealed record TlsRefresh(string? Refusal, IReadOnlyList<string> Warnings);
