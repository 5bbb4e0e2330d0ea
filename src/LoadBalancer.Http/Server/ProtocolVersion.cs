namespace LoadBalancer.Http.Server;

/// <summary>The version of HTTP that a message came in.</summary>
internal enum ProtocolVersion : byte
{
    /// <summary>HTTP/1.0.</summary>
    Http10,

    /// <summary>HTTP/1.1.</summary>
    Http11,

    /// <summary>HTTP/2.</summary>
    Http2,
}
