using System.Globalization;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;

namespace LoadBalancer.Http.Responses;

/// <summary>
/// What a client is told where an exchange failed: the one place that knows which status a fault has. The body is a problem of RFC 9457 with the
/// reason code and the id of the request, by which an operator finds the rest in the log; never an address, a name or an exception of the inside.
/// A call of gRPC is told the same in its own form: a status of gRPC in a response that has fields only.
/// </summary>
internal static class FaultResponse
{
    private static readonly FaultForm[] Forms = [.. Enum.GetValues<FaultKind>().Select(kind => new FaultForm(StatusOf(kind), RetryAfterOf(kind), Closes(kind), BodyOf(kind), GrpcStatusOf(kind), MessageOf(kind)))];

    /// <summary>The status of a fault.</summary>
    public static int Status(FaultKind kind) => Forms[(int)kind].Status;

    /// <summary>Makes the response of <paramref name="fault"/>, in place of whatever the exchange has; before a response has started. Sent by <see cref="OwnResponse"/>.</summary>
    public static void Prepare(Exchange exchange, Fault fault)
    {
        var form = Forms[(int)fault.Kind];
        exchange.Fault = fault;
        exchange.MustClose |= form.Closes;
        var response = exchange.Response;
        response.Reset();
        if (GrpcCall.Is(exchange.Request.Fields))
        {
            FillGrpcStatus(exchange, form);
            return;
        }

        response.Status = form.Status;
        if (exchange.Route?.Policies.Errors.TryFill(exchange, form.Status) != true)
        {
            FillProblem(exchange, form);
        }

        if (fault.Kind is FaultKind.CircuitOpen or FaultKind.Overloaded or FaultKind.TooManyFailures or FaultKind.RateLimited or FaultKind.QuotaExceeded or FaultKind.ConcurrencyExceeded)
        {
            Span<byte> seconds = stackalloc byte[11];
            exchange.RetryAfterSeconds.TryFormat(seconds, out var length, provider: CultureInfo.InvariantCulture);
            response.Fields.Add("Retry-After"u8, seconds[..length]);
        }
        else if (form.RetryAfter.Length > 0)
        {
            response.Fields.Add("Retry-After"u8, form.RetryAfter);
        }

        if (form.Status == 401 || fault.Kind == FaultKind.ScopeMissing)
        {
            foreach (var challenge in exchange.Challenges)
            {
                response.Fields.Add("WWW-Authenticate"u8, challenge);
            }
        }

        if (fault.Kind == FaultKind.MethodNotAllowed)
        {
            exchange.Proxy.Routes.AddAllow(exchange);
        }
    }

    private static void FillProblem(Exchange exchange, FaultForm form)
    {
        EnsureId(exchange);
        var fields = exchange.Response.Fields;
        fields.Add(KnownHeader.ContentType, "Content-Type"u8, "application/problem+json"u8);
        fields.Add(KnownHeader.CacheControl, "Cache-Control"u8, "no-store"u8);
        var start = fields.Append(form.Body);
        fields.Append(exchange.RequestId);
        fields.Append("\"}\n"u8);
        exchange.OwnBody = fields.Memory(new Slice(start, fields.Bytes.Length - start));
    }

    // "Trailers-Only" of github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md.
    private static void FillGrpcStatus(Exchange exchange, FaultForm form)
    {
        EnsureId(exchange);
        (exchange.Response.Status, exchange.GrpcStatus) = (200, form.GrpcNumber);
        exchange.OwnBody = default;
        var fields = exchange.Response.Fields;
        fields.Add(KnownHeader.ContentType, "Content-Type"u8, "application/grpc"u8);
        fields.Add("grpc-status"u8, form.GrpcStatus);
        fields.BeginField("grpc-message"u8);
        fields.Append(form.Message);
        fields.Append(exchange.RequestId);
        fields.EndField(KnownHeader.Other);
    }

    private static void EnsureId(Exchange exchange)
    {
        if (exchange.RequestIdSlice.Length == 0)
        {
            // The head was refused before it had one.
            Span<byte> id = stackalloc byte[RequestIds.Length];
            exchange.Ids.Write(id);
            exchange.RequestIdSlice = new Slice(exchange.Request.Fields.Append(id), id.Length);
        }
    }

    // github.com/grpc/grpc, doc/http-grpc-status-mapping.md; and what has taken too long in all has the status of a deadline.
    // A silence has not, though HTTP says 504 to both: whoever calls is to know a deadline that is over from an endpoint that does not answer.
    // What a limit refuses has that of a resource that is used up: clients that try UNAVAILABLE again at once would only find it so again.
    private static int GrpcStatusOf(FaultKind kind) => kind switch
    {
        FaultKind.ExchangeTimeout => 4,
        FaultKind.RateLimited or FaultKind.QuotaExceeded or FaultKind.ConcurrencyExceeded or FaultKind.BodyTooLarge => 8,
        _ => GrpcStatusOf(StatusOf(kind)),
    };

    private static int GrpcStatusOf(int status) => status switch
    {
        400 => 13,
        401 => 16,
        403 => 7,
        404 or 405 or 501 => 12,
        429 or 502 or 503 or 504 => 14,
        _ => 2,
    };

    private static byte[] MessageOf(FaultKind kind) => Encoding.ASCII.GetBytes(new Fault(FaultSide.Internal, kind).Reason + ", request ");

    private static int StatusOf(FaultKind kind) => kind switch
    {
        FaultKind.RequestInvalid or FaultKind.HostInvalid or FaultKind.PathInvalid or FaultKind.BodyInvalid or FaultKind.Http2Invalid => 400,
        FaultKind.ProxyHeaderMissing or FaultKind.ProxyHeaderInvalid or FaultKind.ClientHelloMissing or FaultKind.ClientHelloInvalid => 400,
        FaultKind.TlsHandshakeFailed or FaultKind.ClientCertificateMissing or FaultKind.ClientCertificateInvalid => 400,
        FaultKind.CredentialAmbiguous or FaultKind.CredentialTooLarge or FaultKind.LoginInvalid => 400,
        FaultKind.CredentialMissing or FaultKind.TokenMalformed or FaultKind.TokenAlgorithmRefused or FaultKind.TokenUnsupported or FaultKind.TokenKeyUnknown => 401,
        FaultKind.TokenSignatureInvalid or FaultKind.TokenExpired or FaultKind.TokenNotYetValid or FaultKind.TokenIssuerWrong or FaultKind.TokenAudienceWrong => 401,
        FaultKind.TokenInactive or FaultKind.ApiKeyUnknown or FaultKind.ApiKeyExpired or FaultKind.PasswordWrong or FaultKind.SessionInvalid => 401,
        FaultKind.CertificateUnmapped or FaultKind.ExternalDenied or FaultKind.IdentityExpired => 401,
        FaultKind.AddressDenied or FaultKind.UntrustedProxy => 403,
        FaultKind.RoleMissing or FaultKind.ScopeMissing or FaultKind.ClaimMismatch or FaultKind.OriginDenied or FaultKind.ExternalForbidden => 403,
        FaultKind.NoRoute => 404,
        FaultKind.MethodNotAllowed => 405,
        FaultKind.HeadTimeout or FaultKind.BodyTimeout or FaultKind.PreambleTimeout or FaultKind.IdleTimeout or FaultKind.HalfClosedTimeout or FaultKind.ClientStalled => 408,
        FaultKind.BodyTooLarge => 413,
        FaultKind.TargetTooLong => 414,
        FaultKind.ExpectationUnknown => 417,
        FaultKind.Misdirected => 421,
        FaultKind.TooManyConnections or FaultKind.ConnectionRateExceeded or FaultKind.Flood or FaultKind.TooManyFailures => 429,
        FaultKind.RateLimited or FaultKind.QuotaExceeded or FaultKind.ConcurrencyExceeded => 429,
        FaultKind.HeadTooLarge or FaultKind.TooManyFields => 431,

        // Nobody reads it: it is for the log.
        FaultKind.ClientClosed => 499,
        FaultKind.Bug => 500,
        FaultKind.NotImplemented => 501,
        FaultKind.ConnectRefused or FaultKind.ConnectUnreachable or FaultKind.Reset or FaultKind.EarlyClose or FaultKind.EndpointClosed => 502,
        FaultKind.TlsFailed or FaultKind.TlsVerifyFailed or FaultKind.TlsRecordInvalid => 502,
        FaultKind.ResponseInvalid or FaultKind.ResponseHeadTooLarge or FaultKind.ResponseTruncated or FaultKind.UpgradeInvalid or FaultKind.BadStatus => 502,
        FaultKind.NoEndpoint or FaultKind.CircuitOpen or FaultKind.Overloaded or FaultKind.PendingOverflow or FaultKind.PendingTimeout => 503,
        FaultKind.Drained or FaultKind.OutOfResources or FaultKind.TooManyHandshakes or FaultKind.ProviderUnavailable or FaultKind.LimitUnavailable => 503,
        FaultKind.ConnectTimeout or FaultKind.HandshakeTimeout or FaultKind.FirstByteTimeout or FaultKind.BetweenBytesTimeout or FaultKind.ExchangeTimeout => 504,
        FaultKind.VersionUnsupported => 505,
        _ => 500,
    };

    // In seconds. What passes soon says so; what an operator has to repair does not pretend to know.
    private static int RetryAfterOf(FaultKind kind) => kind switch
    {
        FaultKind.PendingOverflow or FaultKind.PendingTimeout or FaultKind.Drained or FaultKind.OutOfResources => 1,
        FaultKind.TooManyConnections or FaultKind.ConnectionRateExceeded => 1,
        FaultKind.NoEndpoint or FaultKind.ProviderUnavailable or FaultKind.LimitUnavailable => 5,
        _ => 0,
    };

    // Where a message could not be read, nobody knows where the next one begins (RFC 9112 section 11.2); and who was too slow has to start again.
    private static bool Closes(FaultKind kind) => kind is
        FaultKind.RequestInvalid or FaultKind.HostInvalid or FaultKind.PathInvalid or FaultKind.BodyInvalid or FaultKind.HeadTooLarge or FaultKind.TooManyFields
        or FaultKind.TargetTooLong or FaultKind.VersionUnsupported or FaultKind.NotImplemented or FaultKind.ExpectationUnknown or FaultKind.BodyTooLarge
        or FaultKind.HeadTimeout or FaultKind.BodyTimeout or FaultKind.ClientStalled or FaultKind.Drained or FaultKind.Bug;

    private static byte[] BodyOf(FaultKind kind)
    {
        var status = StatusOf(kind);
        var title = Encoding.ASCII.GetString(StatusLines.Reason(status));
        var code = new Fault(FaultSide.Internal, kind).Reason;
        return Encoding.ASCII.GetBytes(FormattableString.Invariant(
            $"{{\"type\":\"about:blank\",\"title\":\"{title}\",\"status\":{status},\"code\":\"{code}\",\"request_id\":\""));
    }

    private sealed class FaultForm(int status, int retryAfter, bool closes, byte[] body, int grpcStatus, byte[] message)
    {
        public int Status => status;

        public bool Closes => closes;

        public byte[] Body => body;

        public int GrpcNumber => grpcStatus;

        public byte[] GrpcStatus { get; } = Encoding.ASCII.GetBytes(grpcStatus.ToString(CultureInfo.InvariantCulture));

        public byte[] Message => message;

        public byte[] RetryAfter { get; } = retryAfter == 0 ? [] : Encoding.ASCII.GetBytes(retryAfter.ToString(CultureInfo.InvariantCulture));
    }
}
