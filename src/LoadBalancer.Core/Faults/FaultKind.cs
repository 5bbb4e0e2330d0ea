namespace LoadBalancer.Faults;

/// <summary>What went wrong. Its name in snake case is the reason code of logs and metrics, see <see cref="Fault.Reason"/>.</summary>
public enum FaultKind : byte
{
    /// <summary>Nothing: the work ended as it should.</summary>
    None,

    /// <summary>No endpoint may be picked: none is configured, healthy or untried.</summary>
    NoEndpoint,

    /// <summary>Every endpoint was at its cap, and as many connections waited as may.</summary>
    PendingOverflow,

    /// <summary>Every endpoint was at its cap, and none had room in time.</summary>
    PendingTimeout,

    /// <summary>The peer answered a connect with RST (ECONNREFUSED), or nothing listens at its Unix path.</summary>
    ConnectRefused,

    /// <summary>The connect deadline passed.</summary>
    ConnectTimeout,

    /// <summary>The network says that the peer cannot be reached (EHOSTUNREACH, ENETUNREACH and their like).</summary>
    ConnectUnreachable,

    /// <summary>The peer sent RST in mid-stream.</summary>
    Reset,

    /// <summary>The endpoint took the connection and closed it in order at once, or right after what the client had sent, without a byte of its own.</summary>
    EarlyClose,

    /// <summary>Neither side sent a byte for the idle timeout.</summary>
    IdleTimeout,

    /// <summary>One side had closed its half, and the other did not finish in time.</summary>
    HalfClosedTimeout,

    /// <summary>A drain or shutdown deadline passed with the connection still open.</summary>
    Drained,

    /// <summary>Descriptors, ports or memory of this process ran out.</summary>
    OutOfResources,

    /// <summary>The client's address is not allowed to connect, or is denied.</summary>
    AddressDenied,

    /// <summary>The client has as many connections open as it may.</summary>
    TooManyConnections,

    /// <summary>The client connects faster than it may.</summary>
    ConnectionRateExceeded,

    /// <summary>The listener wants a PROXY header, and the peer is none of those that may send one.</summary>
    UntrustedProxy,

    /// <summary>The listener wants a PROXY header, and the connection began with something else or ended before it.</summary>
    ProxyHeaderMissing,

    /// <summary>The PROXY header breaks its rules or its bound, or the connection ended within it.</summary>
    ProxyHeaderInvalid,

    /// <summary>What has to come first (a PROXY header, a ClientHello) did not come in time.</summary>
    PreambleTimeout,

    /// <summary>The listener routes by server name, and the connection began with something else than TLS or ended before it.</summary>
    ClientHelloMissing,

    /// <summary>The ClientHello breaks the rules of TLS or its bound, or the connection ended within it.</summary>
    ClientHelloInvalid,

    /// <summary>No route leads on from the name that the client asked for, or it asked for none.</summary>
    NoRoute,

    /// <summary>An error of this program; the log has the exception.</summary>
    Bug,
}
