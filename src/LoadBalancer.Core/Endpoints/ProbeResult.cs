namespace LoadBalancer.Endpoints;

/// <summary>
/// What one probe came to. Its name in snake case is the reason code of metrics and /status: few and fixed, where the
/// sentence beside it may say anything.
/// </summary>
public enum ProbeResult : byte
{
    /// <summary>The endpoint answered as it should.</summary>
    Passed,

    /// <summary>It could not be asked: this process had no descriptor or port left. Counts neither for nor against it.</summary>
    OutOfResources,

    /// <summary>Nothing listens there.</summary>
    ConnectRefused,

    /// <summary>The connect got no answer in time.</summary>
    ConnectTimeout,

    /// <summary>The network says that it cannot be reached.</summary>
    ConnectUnreachable,

    /// <summary>It took the connection, and then did not say in time what the probe waits for.</summary>
    NoAnswer,

    /// <summary>It took the connection, and reset it.</summary>
    Reset,

    /// <summary>It took the connection, and closed it without a whole answer.</summary>
    Closed,

    /// <summary>No TLS was agreed on.</summary>
    TlsHandshake,

    /// <summary>Its certificate, or one that vouches for it, has expired or is not valid yet.</summary>
    TlsExpired,

    /// <summary>Its certificate is for another name, or nobody who is trusted vouches for it.</summary>
    TlsCertificate,

    /// <summary>What it sent is not HTTP, or is more than a probe reads.</summary>
    NotHttp,

    /// <summary>It answered with another status than expected.</summary>
    Status,

    /// <summary>The body of its answer lacks the expected text.</summary>
    Body,

    /// <summary>Anything else; the sentence beside it says what.</summary>
    Error,
}
