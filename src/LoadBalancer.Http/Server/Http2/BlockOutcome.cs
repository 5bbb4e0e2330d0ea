namespace LoadBalancer.Http.Server.Http2;

/// <summary>What became of a header block.</summary>
internal enum BlockOutcome : byte
{
    /// <summary>It is read; the message may have a fault all the same, which its answer tells.</summary>
    Read,

    /// <summary>The message is malformed (RFC 9113 section 8.1.1): the stream is reset.</summary>
    Malformed,

    /// <summary>The block cannot be understood, and so none after it: the connection ends.</summary>
    Broken,
}
