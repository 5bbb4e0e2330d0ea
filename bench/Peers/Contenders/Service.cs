namespace LoadBalancer.Peers.Contenders;

/// <summary>What a contender is started for; each has a process of its own, so that none carries what another needs.</summary>
internal enum Service
{
    /// <summary>Layer 4, configured by configs/tcp.</summary>
    Tcp,

    /// <summary>HTTP/1.1 on both sides, configured by configs/http.</summary>
    Http,

    /// <summary>The same with a log of every request in a file.</summary>
    LoggedHttp,

    /// <summary>HTTP/1.1 inside TLS 1.3 from the clients, in clear to the endpoints.</summary>
    Https,

    /// <summary>HTTP/2 in clear from the clients, by prior knowledge, and HTTP/1.1 to the endpoints.</summary>
    Http2,

    /// <summary>HTTP/1.1 on both sides, for callers whose JSON web token is good: signature, issuer, audience and times.</summary>
    Jwt,

    /// <summary>HTTP/1.1 on both sides, with a limit for each client address that nobody reaches.</summary>
    Limit,

    /// <summary><see cref="Jwt"/>, with a limit for each subject that nobody reaches.</summary>
    JwtLimit,

    /// <summary>HTTP/1.1, answered from memory after the first time.</summary>
    Cache,

    /// <summary>HTTP/1.1 on both sides as a gateway has it: token, role, a limit by plan, and the endpoint is told who calls.</summary>
    Gateway,

    /// <summary>HTTP/1.1 on both sides with retries, a circuit breaker, ejections and adaptive concurrency, none of which has anything to do.</summary>
    Guarded,

    /// <summary>HTTP/1.1 on both sides, among 10,000 routes.</summary>
    Routes,

    /// <summary>Layer 4 behind TLS 1.3, in clear to the endpoints; configured by configs/tcp.</summary>
    Tls,
}
