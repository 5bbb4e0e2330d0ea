namespace LoadBalancer.Tls;

/// <summary>What came of files that have changed.</summary>
/// <param name="Refusal">Why some were no use, so that what was there before stays for these; null where all took effect.</param>
/// <param name="Warnings">What works but is hardly meant.</param>
/// <param name="TookEffect">True where something of them is in use now that was not before.</param>
internal sealed record TlsRefresh(string? Refusal, IReadOnlyList<string> Warnings, bool TookEffect);
