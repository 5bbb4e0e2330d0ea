namespace LoadBalancer.Discovery;

/// <summary>A look that did not find a whole set, or more than is taken, or the first one that is well again, for the log.</summary>
/// <param name="Upstream">The upstream's name in the file.</param>
/// <param name="Source">What was looked up.</param>
/// <param name="Outcome">How it went; found means that it works again, or that more are left out, or fewer.</param>
/// <param name="Reason">Why, as a sentence for the operator.</param>
/// <param name="Endpoints">How many endpoints it goes on with.</param>
/// <param name="LeftOut">How many more were found than are taken.</param>
internal sealed record DiscoveryReport(string Upstream, string Source, DiscoveryOutcome Outcome, string Reason, int Endpoints, int LeftOut);
