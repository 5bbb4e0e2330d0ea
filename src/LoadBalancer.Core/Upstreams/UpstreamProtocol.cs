namespace LoadBalancer.Upstreams;

/// <summary>What the endpoints of an upstream speak behind an HTTP listener.</summary>
public enum UpstreamProtocol
{
    /// <summary>HTTP/1.1.</summary>
    Http1,

    /// <summary>HTTP/2, at once: by prior knowledge (RFC 9113 section 3.3).</summary>
    Http2,

    /// <summary>HTTP/2, and what is asked for are calls of gRPC.</summary>
    Grpc,

    /// <summary>What the endpoint chooses in its TLS handshake; HTTP/1.1 where there is none.</summary>
    Auto,
}
