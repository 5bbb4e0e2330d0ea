namespace LoadBalancer.Http.Server.Http1;

/// <summary>What a head says of its connection (RFC 9112 section 9); it is always said anew, never copied.</summary>
internal enum ConnectionOption : byte
{
    /// <summary>Nothing: HTTP/1.1 goes on.</summary>
    None,

    /// <summary>Connection: keep-alive, which a peer of HTTP/1.0 has to be told.</summary>
    KeepAlive,

    /// <summary>Connection: close.</summary>
    Close,

    /// <summary>Connection: Upgrade, and Upgrade: websocket.</summary>
    WebSocket,
}
