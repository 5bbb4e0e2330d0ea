using System.Collections.Immutable;
using System.Net;

namespace LoadBalancer.Discovery.Dns;

/// <summary>What one name server answered to one question.</summary>
/// <param name="Code">What it says of the question.</param>
/// <param name="IsTruncated">True where the answer did not fit, so that it holds nothing and has to be fetched over TCP.</param>
/// <param name="Addresses">The addresses, of the name itself or at the end of its chain of CNAMEs.</param>
/// <param name="Ttl">
/// How long it is true: the least of the chain, or, for an answer without an address, what the zone says of such (RFC 2308 §5).
/// Null where nothing says.
/// </param>
internal sealed record DnsReply(DnsResponseCode Code, bool IsTruncated, ImmutableArray<IPAddress> Addresses, TimeSpan? Ttl);
