using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace LoadBalancer.Http.Explaining;

/// <summary>A request that nobody has sent: what its connection is, and its head.</summary>
internal sealed record RehearsedRequest
{
    /// <summary>The method, a token.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>Where it goes.</summary>
    public required Uri Url { get; init; }

    /// <summary>The target as it stands in the request, where that is another than the URL's path and query, such as <c>/a/../b</c>; null where it is not.</summary>
    public string? Target { get; init; }

    /// <summary>The header fields, a line each: <c>Name: value</c>. Host comes from the URL unless it is among them.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary>Who connects: the client, or the proxy before lb. Null for a Unix socket.</summary>
    public EndPoint? Peer { get; init; }

    /// <summary>Where it connects to.</summary>
    public EndPoint? Local { get; init; }

    /// <summary>The name that the client asks TLS for; null for the URL's host, and empty for none.</summary>
    public string? ServerName { get; init; }

    /// <summary>The certificate that the client shows, taken as verified; null for none.</summary>
    public X509Certificate2? ClientCertificate { get; init; }
}
