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

    /// <summary>More requests were under way at the upstream than are good for it, and this one was not among the most important.</summary>
    Overloaded,

    /// <summary>The upstream's circuit breaker is open: too many attempts failed lately.</summary>
    CircuitOpen,

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

    /// <summary>The endpoint has ended a WebSocket by closing its connection in order, and no Close frame had come from either side.</summary>
    EndpointClosed,

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

    /// <summary>The TLS handshake did not end in time.</summary>
    HandshakeTimeout,

    /// <summary>The client's TLS handshake failed: no TLS at all, nothing that both speak, or the client refused ours.</summary>
    TlsHandshakeFailed,

    /// <summary>The listener wants a certificate of its clients, and the client has shown none.</summary>
    ClientCertificateMissing,

    /// <summary>The client's certificate is not valid, or by nobody whom the listener trusts.</summary>
    ClientCertificateInvalid,

    /// <summary>More TLS handshakes were under way than may be at once.</summary>
    TooManyHandshakes,

    /// <summary>What came inside TLS breaks its rules, or was changed on its way.</summary>
    TlsRecordInvalid,

    /// <summary>The TLS handshake with the endpoint failed: no TLS at all, or nothing that both speak.</summary>
    TlsFailed,

    /// <summary>The endpoint's certificate is not valid, not for its name, or by nobody whom the upstream trusts.</summary>
    TlsVerifyFailed,

    /// <summary>No route leads on from the name that the client asked for, or it asked for none.</summary>
    NoRoute,

    /// <summary>The request's head breaks a rule of HTTP, or one of ours that keeps requests from being read in two ways.</summary>
    RequestInvalid,

    /// <summary>The request's head is longer than it may be.</summary>
    HeadTooLarge,

    /// <summary>The request has more fields than it may have.</summary>
    TooManyFields,

    /// <summary>The request's target is longer than it may be.</summary>
    TargetTooLong,

    /// <summary>The request's head did not come in time.</summary>
    HeadTimeout,

    /// <summary>The request names no host, or more than one, or none that could be.</summary>
    HostInvalid,

    /// <summary>The request's path could be read in two ways, or has bytes that no path has.</summary>
    PathInvalid,

    /// <summary>The version of HTTP is none that is spoken here.</summary>
    VersionUnsupported,

    /// <summary>The method or transfer coding is none that is spoken here.</summary>
    NotImplemented,

    /// <summary>The request expects something else than 100-continue.</summary>
    ExpectationUnknown,

    /// <summary>A route has the path, and none that has it takes the method.</summary>
    MethodNotAllowed,

    /// <summary>The connection, by its TLS name, is not for the host that the request names.</summary>
    Misdirected,

    /// <summary>The request's body is longer than it may be.</summary>
    BodyTooLarge,

    /// <summary>The request's body breaks the chunked coding, or is not as long as was announced.</summary>
    BodyInvalid,

    /// <summary>The request's body came too slowly, or not at all.</summary>
    BodyTimeout,

    /// <summary>The client broke a rule of HTTP/2 that is about its connection.</summary>
    Http2Invalid,

    /// <summary>The client sent more frames that ask for nothing, or took more requests back, than a client may.</summary>
    Flood,

    /// <summary>The client went away before it had its response.</summary>
    ClientClosed,

    /// <summary>The client did not take its response in time.</summary>
    ClientStalled,

    /// <summary>The endpoint did not begin to answer in time.</summary>
    FirstByteTimeout,

    /// <summary>The endpoint began to answer, and then stopped for too long.</summary>
    BetweenBytesTimeout,

    /// <summary>The whole exchange took longer than its route allows.</summary>
    ExchangeTimeout,

    /// <summary>What the endpoint sent is no valid response.</summary>
    ResponseInvalid,

    /// <summary>The head of the endpoint's response is longer than it may be.</summary>
    ResponseHeadTooLarge,

    /// <summary>The endpoint closed before its response was whole.</summary>
    ResponseTruncated,

    /// <summary>The endpoint answered an upgrade with something that is none.</summary>
    UpgradeInvalid,

    /// <summary>The endpoint answered with a status that its upstream's health counts as a failure.</summary>
    BadStatus,

    /// <summary>The route wants to know who calls, and the request has no credential.</summary>
    CredentialMissing,

    /// <summary>The request has a credential more than once, so that two readers could take two callers from it.</summary>
    CredentialAmbiguous,

    /// <summary>The credential is longer than it may be.</summary>
    CredentialTooLarge,

    /// <summary>The token is none: its form breaks a rule.</summary>
    TokenMalformed,

    /// <summary>The token names an algorithm that the file, or its key, does not allow.</summary>
    TokenAlgorithmRefused,

    /// <summary>The token asks for something that is not done here: an extension that it calls critical, or encryption.</summary>
    TokenUnsupported,

    /// <summary>The token names a key that the issuer does not have, or none where there are several.</summary>
    TokenKeyUnknown,

    /// <summary>The token's signature is not that of its key.</summary>
    TokenSignatureInvalid,

    /// <summary>The token's time is over.</summary>
    TokenExpired,

    /// <summary>The token's time has not begun.</summary>
    TokenNotYetValid,

    /// <summary>The token is by another issuer.</summary>
    TokenIssuerWrong,

    /// <summary>The token is for somebody else.</summary>
    TokenAudienceWrong,

    /// <summary>The issuer says that the token is not valid, or no longer.</summary>
    TokenInactive,

    /// <summary>Nobody has this API key, or it was revoked.</summary>
    ApiKeyUnknown,

    /// <summary>The API key's time is over.</summary>
    ApiKeyExpired,

    /// <summary>User and password are not those of anybody.</summary>
    PasswordWrong,

    /// <summary>The cookie of a login is not by this gateway, was changed, or its time is over.</summary>
    SessionInvalid,

    /// <summary>What came back from a login does not belong to one that this browser has begun.</summary>
    LoginInvalid,

    /// <summary>The client's certificate is valid, and names nobody.</summary>
    CertificateUnmapped,

    /// <summary>The check service says that the caller is not known.</summary>
    ExternalDenied,

    /// <summary>The check service says that the caller may not.</summary>
    ExternalForbidden,

    /// <summary>Who calls cannot be found out now: the issuer, its keys or the check service cannot be reached.</summary>
    ProviderUnavailable,

    /// <summary>The caller has none of the roles that the route wants.</summary>
    RoleMissing,

    /// <summary>The caller lacks a scope that the route wants.</summary>
    ScopeMissing,

    /// <summary>A claim of the caller is not what the route wants.</summary>
    ClaimMismatch,

    /// <summary>The page that asks is of an origin that may not.</summary>
    OriginDenied,

    /// <summary>The client's address has sent too many bad credentials lately.</summary>
    TooManyFailures,

    /// <summary>The identity of a connection that lasts has ended.</summary>
    IdentityExpired,

    /// <summary>The caller has used up what a limit lets it do at the moment.</summary>
    RateLimited,

    /// <summary>The caller has used up what its plan has for the day or the month.</summary>
    QuotaExceeded,

    /// <summary>The caller has as many requests under way as its plan allows.</summary>
    ConcurrencyExceeded,

    /// <summary>The counts of a limit cannot be asked for, and the file wants nobody let pass without them.</summary>
    LimitUnavailable,

    /// <summary>An error of this program; the log has the exception.</summary>
    Bug,
}
