namespace LoadBalancer.Http.Server.Http2;

/// <summary>The flags of frames (RFC 9113 section 6).</summary>
[Flags]
internal enum FrameFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>END_STREAM of DATA and HEADERS.</summary>
    EndStream = 0x1,

    /// <summary>ACK of SETTINGS and PING.</summary>
    Ack = EndStream,

    /// <summary>END_HEADERS of HEADERS and CONTINUATION.</summary>
    EndHeaders = 0x4,

    /// <summary>PADDED of DATA and HEADERS.</summary>
    Padded = 0x8,

    /// <summary>PRIORITY of HEADERS.</summary>
    Priority = 0x20,
}
