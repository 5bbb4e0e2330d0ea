using System.Collections.Immutable;
using System.Net;

namespace LoadBalancer.Discovery.Dns;

/// <summary>What a lookup of one name says of one family of addresses.</summary>
/// <param name="Outcome">How it went.</param>
/// <param name="Addresses">The addresses; empty unless they were found.</param>
/// <param name="Ttl">How long it is true; null where nothing says.</param>
/// <param name="Reason">Why there is no address, as a sentence for the operator; empty where there are some.</param>
internal sealed record DnsAnswer(DnsOutcome Outcome, ImmutableArray<IPAddress> Addresses, TimeSpan? Ttl, string Reason);
