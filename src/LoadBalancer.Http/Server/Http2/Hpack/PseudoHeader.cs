namespace LoadBalancer.Http.Server.Http2.Hpack;

/// <summary>The fields that stand for a first line (RFC 9113 section 8.3); each is a bit, so that a head's are a set.</summary>
[Flags]
internal enum PseudoHeader : byte
{
    /// <summary>A field like any other.</summary>
    None = 0,

    /// <summary>:method.</summary>
    Method = 1,

    /// <summary>:scheme.</summary>
    Scheme = 2,

    /// <summary>:path.</summary>
    Path = 4,

    /// <summary>:authority.</summary>
    Authority = 8,

    /// <summary>:protocol (RFC 8441).</summary>
    Protocol = 16,

    /// <summary>:status, which no request has.</summary>
    Status = 32,

    /// <summary>Any other name that begins with a colon.</summary>
    Other = 64,
}
