namespace LoadBalancer.Http.Server.Http2;

/// <summary>The error codes of RST_STREAM and GOAWAY (RFC 9113 section 7).</summary>
internal enum Http2Error
{
    /// <summary>NO_ERROR.</summary>
    NoError,

    /// <summary>PROTOCOL_ERROR.</summary>
    ProtocolError,

    /// <summary>INTERNAL_ERROR.</summary>
    InternalError,

    /// <summary>FLOW_CONTROL_ERROR.</summary>
    FlowControlError,

    /// <summary>SETTINGS_TIMEOUT.</summary>
    SettingsTimeout,

    /// <summary>STREAM_CLOSED.</summary>
    StreamClosed,

    /// <summary>FRAME_SIZE_ERROR.</summary>
    FrameSizeError,

    /// <summary>REFUSED_STREAM.</summary>
    RefusedStream,

    /// <summary>CANCEL.</summary>
    Cancel,

    /// <summary>COMPRESSION_ERROR.</summary>
    CompressionError,

    /// <summary>CONNECT_ERROR.</summary>
    ConnectError,

    /// <summary>ENHANCE_YOUR_CALM.</summary>
    EnhanceYourCalm,
}
