namespace LoadBalancer.Http.Telemetry;

/// <summary>
/// What a request's line has only where the file asks for it (<c>log.fields</c>): texts of the client's that may hold a name, an
/// account or a secret, and what few want to know.
/// </summary>
[Flags]
internal enum AccessLogFields : byte
{
    /// <summary>None of them.</summary>
    None = 0,

    /// <summary>The path as the client sent it.</summary>
    RawPath = 1,

    /// <summary>The query as the client sent it.</summary>
    Query = 2,

    /// <summary>The page that led to the request; its query only where <see cref="Query"/> is asked for too.</summary>
    Referer = 4,

    /// <summary>The cipher suite of TLS.</summary>
    Cipher = 8,

    /// <summary>The subject of the certificate that the client has shown.</summary>
    ClientSubject = 16,
}
