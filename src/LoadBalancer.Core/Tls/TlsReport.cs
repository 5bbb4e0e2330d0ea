using System.Net;

namespace LoadBalancer.Tls;

/// <summary>News of TLS with an upstream's endpoints.</summary>
/// <param name="Upstream">The upstream's name.</param>
/// <param name="Address">The endpoint; null where it is about the files.</param>
/// <param name="Failure">What is wrong, as a sentence without a capital; null where it is well again.</param>
internal sealed record TlsReport(string Upstream, EndPoint? Address, string? Failure);
