namespace LoadBalancer.Http.Templates;

/// <summary>What a part of a template stands for.</summary>
internal enum TemplateVariable : byte
{
    /// <summary>The part's own text.</summary>
    None,

    /// <summary><c>${client_ip}</c>: the client's address; empty for a Unix socket.</summary>
    ClientIp,

    /// <summary><c>${host}</c>: the host for routing, without port.</summary>
    Host,

    /// <summary><c>${path}</c>: the canonical path, percent-encoded.</summary>
    Path,

    /// <summary><c>${path.NAME}</c>: what the route's path captured, percent-encoded.</summary>
    Capture,

    /// <summary><c>${query}</c>: what is behind the question mark, as it came.</summary>
    Query,

    /// <summary><c>${method}</c>: the method.</summary>
    Method,

    /// <summary><c>${scheme}</c>: <c>http</c> or <c>https</c>, as the client used it.</summary>
    Scheme,

    /// <summary><c>${request_id}</c>: the request's id.</summary>
    RequestId,

    /// <summary><c>${header.NAME}</c>: the first field of that name; empty where there is none.</summary>
    Header,

    /// <summary><c>${identity.sub}</c>: who calls; empty for nobody.</summary>
    Subject,

    /// <summary><c>${identity.plan}</c>: the caller's plan; empty where there is none.</summary>
    Plan,

    /// <summary><c>${identity.claim.NAME}</c>: the first value of a claim; empty where there is none.</summary>
    Claim,
}
