namespace LoadBalancer.Http.Server.Http2;

/// <summary>The types of frames (RFC 9113 section 6); a peer may send others, which are passed over.</summary>
internal enum FrameKind : byte
{
    /// <summary>DATA.</summary>
    Data,

    /// <summary>HEADERS.</summary>
    Headers,

    /// <summary>PRIORITY, which means nothing any more.</summary>
    Priority,

    /// <summary>RST_STREAM.</summary>
    ResetStream,

    /// <summary>SETTINGS.</summary>
    Settings,

    /// <summary>PUSH_PROMISE, which no client sends.</summary>
    PushPromise,

    /// <summary>PING.</summary>
    Ping,

    /// <summary>GOAWAY.</summary>
    GoAway,

    /// <summary>WINDOW_UPDATE.</summary>
    WindowUpdate,

    /// <summary>CONTINUATION.</summary>
    Continuation,
}
