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
}
