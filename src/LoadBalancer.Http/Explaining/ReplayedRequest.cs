using System.Net;
using LoadBalancer.Http.Authentication;

namespace LoadBalancer.Http.Explaining;

/// <summary>What is known of a request that was made before, for a <see cref="LimitReplay"/>.</summary>
/// <param name="Method">The method.</param>
/// <param name="Host">The host, with its port where it had one; empty for none.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Client">The client's address; null for a Unix socket.</param>
/// <param name="Identity">Who called; null for nobody known.</param>
/// <param name="WasRefusedByAuth">True where it was refused for its credential, or for what its caller may not.</param>
internal readonly record struct ReplayedRequest(string Method, string Host, string Target, IPAddress? Client, Identity? Identity, bool WasRefusedByAuth);
