namespace LoadBalancer.Discovery.Dns;

/// <summary>What a lookup came to, for each family of addresses.</summary>
/// <param name="V4">The IPv4 addresses.</param>
/// <param name="V6">The IPv6 addresses.</param>
internal sealed record DnsLookup(DnsAnswer V4, DnsAnswer V6);
