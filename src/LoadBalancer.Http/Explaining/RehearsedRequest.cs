using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace LoadBalancer.Http.Explaining;

/// <summary>A request that nobody has sent: what its connection is, and its head.</summary>
internal sealed record RehearsedRequest
{
    /// <summary>The method, a token.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>Where it goes, as it was written.</summary>
    public required string Url { get; init; }

    /// <summary>The target as it stands in the request: path and query.</summary>
    public required string Target { get; init; }

    /// <summary>The host, with its port unless that is the scheme's: the field Host, unless <see cref="Fields"/> have one.</summary>
    public required string Authority { get; init; }

    /// <summary>The header fields, a line each: <c>Name: value</c>. No line has a control character.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>Who connects: the client, or the proxy before lb. Null for a Unix socket.</summary>
    public EndPoint? Peer { get; init; }

    /// <summary>Where it connects to.</summary>
    public EndPoint? Local { get; init; }

    /// <summary>The name that the client asks TLS for, where the listener speaks it; empty for none.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>The certificate that the client shows, taken as verified; null for none.</summary>
    public X509Certificate2? ClientCertificate { get; init; }
}
