namespace LoadBalancer.Peers.Results;

/// <summary>One start of a contender, from the birth of its process to its first accepted connection.</summary>
/// <param name="Contender">Its name.</param>
/// <param name="Round">From 1.</param>
/// <param name="WallMs">How long it took.</param>
/// <param name="CpuMs">What it cost until then, user and system.</param>
internal sealed record StartSample(string Contender, int Round, double WallMs, double CpuMs);
