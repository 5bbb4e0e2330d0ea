namespace LoadBalancer.Http.Server;

/// <summary>How the end of a message's body is found (RFC 9112 section 6.3).</summary>
internal enum BodyFraming : byte
{
    /// <summary>There is no body.</summary>
    None,

    /// <summary>By its length, which may be 0.</summary>
    Length,

    /// <summary>By the chunked coding, or by the frames of HTTP/2: its length is not known before its end.</summary>
    Chunked,

    /// <summary>By the end of the connection; responses only.</summary>
    Close,
}
