using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Explaining;

/// <summary>Why a request is refused, as a sentence: for what the reason code alone leaves open. docs/operations.md has every code.</summary>
internal static class FaultText
{
    /// <summary>The sentence; null where the code says it all.</summary>
    public static string? Of(FaultKind kind, Exchange exchange) => kind switch
    {
        FaultKind.RequestInvalid => "the head could be read in two ways, or breaks a rule of HTTP",
        FaultKind.HostInvalid => "there has to be one Host, and it has to be a host",
        FaultKind.PathInvalid => "the path could mean two things: an escape that hides a slash, a dot segment above the root, a control character",
        FaultKind.TargetTooLong => "the target is longer than limits.target",
        FaultKind.HeadTooLarge => "the head is larger than limits.head",
        FaultKind.TooManyFields => "there are more fields than limits.fields",
        FaultKind.BodyTooLarge => "Content-Length is more than limits.body of the route",
        FaultKind.NoRoute when exchange.Proxy.ToHttps is not null => "no route takes it, and no certificate of the file is for its host, so that it is not sent to https either",
        FaultKind.NoRoute => "no route takes its host and path, with these header fields and parameters",
        FaultKind.MethodNotAllowed => "the most specific route that has the path does not take the method, and no broader one is tried",
        FaultKind.Misdirected => "TLS was agreed on for another host, which has another certificate or another wish for the client's",
        FaultKind.NoEndpoint => "no endpoint of the upstream may be asked",
        FaultKind.CircuitOpen => "the upstream's circuit breaker is open",
        FaultKind.AddressDenied => "the route's allow_ips and deny_ips do not let this address call",
        FaultKind.CredentialMissing => "the route wants to know who calls, and the request has no credential of its providers",
        FaultKind.ProviderUnavailable => "who calls cannot be found out: the provider has no keys, or asks somebody, and nobody is asked here",
        FaultKind.RateLimited => "the caller has used up what a limit of the route, or the rate of its plan, has for it at the moment",
        FaultKind.QuotaExceeded => "the caller has used up its quota of the day or the month, in UTC",
        FaultKind.ConcurrencyExceeded => "the caller has as many requests under way as its plan allows",
        FaultKind.LimitUnavailable => "the store in which the limit is counted cannot be asked, and its on_failure is deny",
        FaultKind.NotImplemented => "a TRACE request, a coding that is not known, or a WebSocket to endpoints that are spoken to in HTTP/2 alone",
        _ => null,
    };
}
