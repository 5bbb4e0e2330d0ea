namespace LoadBalancer.Discovery;

/// <summary>A look that did not find a whole set, or the first one that did again, for the log.</summary>
/// <param name="Upstream">The upstream's name in the file.</param>
/// <param name="Source">What was looked up.</param>
/// <param name="Outcome">How it went; found means that it works again.</param>
/// <param name="Reason">Why, as a sentence for the operator.</param>
/// <param name="Endpoints">How many endpoints it goes on with.</param>
internal sealed record DiscoveryReport(string Upstream, string Source, DiscoveryOutcome Outcome, string Reason, int Endpoints);
