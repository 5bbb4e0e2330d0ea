using System.Runtime.CompilerServices;
using LoadBalancer.Configuration;
using LoadBalancer.Connections;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.Oidc;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Http.Usage;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Server;

/// <summary>
/// What an HTTP listener does with its exchanges under one configuration, whatever carries them. Immutable and thread-safe: a reload makes
/// another, exchanges that began with this one finish with it, and the next one on the same connection has the new one.
/// </summary>
/// <remarks>
/// <code>
///   head parsed ─► (1) who is the client ─► (2) canonical host and path ─► (3) route ─► (4) its policies ─► (5) its handler ─► response
///                                     └───────── fault ──────┴──── fault ─────┴── refusal, answer ──┴── fault ──► (6) own response
///                                                                                            always ──► (7) policies' end, count, log
/// </code>
/// </remarks>
internal sealed class HttpProxy : ConnectionHandler
{
    /// <summary>The listener's name.</summary>
    public required string Listener { get; init; }

    /// <summary>What the file says.</summary>
    public required HttpOptions Options { get; init; }

    /// <summary>The upstreams that its routes lead to, by name.</summary>
    public required IReadOnlyDictionary<string, Upstream> Upstreams { get; init; }

    /// <summary>Where requests lead.</summary>
    public required RouteTable Routes { get; init; }

    /// <summary>Who can establish who calls, of the whole file.</summary>
    public required ProviderSet Providers { get; init; }

    /// <summary>The limits of the whole file.</summary>
    public LimitSet Limits { get; init; } = LimitSet.Empty;

    /// <summary>The listeners that serve https.</summary>
    public ValueList<HttpsListener> HttpsListeners { get; init; }

    /// <summary>Who answers requests that no route takes, by sending them to https; null for nobody.</summary>
    public HttpHandler? ToHttps { get; init; }

    /// <summary>Whose word about the client is believed.</summary>
    public required ForwardedHeaders Forwarded { get; init; }

    /// <summary>Where answers are kept; null where no route of the file keeps any.</summary>
    public CacheStore? Cache { get; init; }

    /// <summary>The fields by which endpoints learn who calls, which no client may supply; null for none.</summary>
    public IdentityFields? IdentityFields { get; init; }

    /// <summary>What is kept on the loops.</summary>
    public required HttpEngine Engine { get; init; }

    /// <summary>The listener's configuration that is in force, this one or a later one.</summary>
    public required Live<HttpProxy> Latest { get; init; }

    /// <summary>Where connections are tracked.</summary>
    public required ConnectionTable Connections { get; init; }

    /// <summary>Where connections are counted.</summary>
    public required ListenerMetrics Metrics { get; init; }

    /// <summary>Where requests are counted.</summary>
    public required HttpMetrics Requests { get; init; }

    /// <summary>Where what callers use is counted; null for nowhere.</summary>
    public UsageTable? Usage { get; init; }

    /// <summary>Where each request leaves a line.</summary>
    public required AccessLog AccessLog { get; init; }

    /// <summary>Where each connection that was refused leaves a line.</summary>
    public required ConnectionLog Log { get; init; }

    /// <summary>The clock of durations.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Hears of an error of this program that cost an exchange.</summary>
    public required Action<Exception> OnBug { get; init; }

    /// <summary>Bounds of a request's head.</summary>
    public required HeadLimits HeadLimits { get; init; }

    /// <summary>True where clients may speak HTTP/1.1.</summary>
    public required bool SpeaksHttp1 { get; init; }

    /// <summary>True where clients may speak HTTP/2.</summary>
    public required bool SpeaksHttp2 { get; init; }

    /// <inheritdoc/>
    public override bool Retires(ConnectionHandler before) => base.Retires(before) || (before is HttpProxy http && !Routes.ContinuesAll(http.Routes));

    /// <inheritdoc/>
    public override void Serve(EpollConnection client) => _ = new ClientConnection(this, client).RunAsync();

    /// <inheritdoc/>
    public override void TakeEffect() => Latest.Swap(this);

    /// <summary>
    /// Answers one exchange whose head is there; on its loop. Never faults. One that is a rehearsal goes the same way, and its handler tells what it would
    /// do in place of doing it; nothing counts or logs it.
    /// </summary>
    /// <param name="exchange">With its carrier and request.</param>
    /// <param name="fault">Why the head itself is refused; <see cref="FaultKind.None"/> where it is not.</param>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder))]
    public async ValueTask AnswerAsync(Exchange exchange, FaultKind fault)
    {
        if (!exchange.IsRehearsal)
        {
            Requests.Begin(exchange.Loop.Index);
        }

        try
        {
            // A client of HTTP/2 may be gone before its request's turn comes.
            var outcome = exchange.GivenUp.Failed ? exchange.GivenUp
                : fault == FaultKind.None ? await HandleAsync(exchange)
                : new Fault(FaultSide.Client, fault);
            if (outcome.Failed && StandIn(exchange, outcome) is { } other)
            {
                exchange.Response.Reset();

                // What stands in is not what was asked for, and nobody is to get it later.
                exchange.Caching?.Reset();
                outcome = await Ask(other, exchange);
            }

            if (outcome.Failed)
            {
                exchange.Fault = outcome;

                // An endpoint was asked, and told that nobody waits any more: as where the client takes a request back, which on HTTP/1.1 costs its connection.
                var isTakenBack = exchange.HasCallersTime && outcome.Kind == FaultKind.ExchangeTimeout && exchange.Attempts > 0;
                exchange.MustClose |= isTakenBack;
                if (exchange.Carrier.HasStarted)
                {
                    exchange.Carrier.Abort();
                }
                else if (outcome.Kind != FaultKind.ClientClosed)
                {
                    // :: (6)
                    FaultResponse.Prepare(exchange, outcome);
                    await OwnResponse.SendAsync(exchange);
                }

                if (isTakenBack)
                {
                    exchange.Carrier.EndedEarly();
                }
            }
        }
        catch (Exception error)
        {
            exchange.Fault = new Fault(FaultSide.Internal, FaultKind.Bug);
            exchange.Carrier.Abort();
            OnBug(error);
        }

        if (exchange.IsRehearsal)
        {
            return;
        }

        // :: (7)
        exchange.EndTimeout();
        exchange.Route?.Policies.OnEnd(exchange);
        var total = Time.GetElapsedTime(exchange.Began);
        Providers.Secrets?.Hide(exchange.Request);
        Requests.End(exchange, total);
        ExchangeOutcome.Count(exchange, Time, total);
        Usage?.Count(exchange);
        AccessLog.Write(Listener, exchange, total);
        if (FailureRing.Wants(exchange))
        {
            Engine.On(exchange.Loop).Failures.Keep(Listener, exchange, ExchangeTimes.Of(exchange, Time, total), Time);
        }
    }

    private static ValueTask<Fault> Ask(HttpHandler handler, Exchange exchange)
    {
        if (exchange.Proxy.Providers.HasLogins && handler is not (OidcCallback or OidcLogout))
        {
            // On routes that want no login too: browsers send the cookies to the whole host, and an endpoint could use them.
            LoginCookies.RemoveAll(exchange.Request.Fields);
        }

        return exchange.Rehearsal is { } rehearsal ? handler.RehearseAsync(exchange, rehearsal) : handler.HandleAsync(exchange);
    }

    /// <summary>
    /// Who answers in place of an error that the route has a stand-in for; null for nobody, where the request cannot be sent again, and where a client could
    /// bring the error about to get around the policies: then they have seen the request, or one of them has refused it by the client's fault.
    /// </summary>
    private static HttpHandler? StandIn(Exchange exchange, Fault fault) =>
        !exchange.MayStandIn || exchange.Carrier.HasStarted || exchange.GivenUp.Failed || exchange.RequestBody is { BytesRead: > 0 } || GrpcCall.Is(exchange.Request.Fields)
            ? null
            : exchange.Route?.StandIn(FaultResponse.Status(fault.Kind));

    // A comparison with null is false.
    private static TimeSpan? Shorter(TimeSpan? one, TimeSpan? other) => one is null || other < one ? other : one;

    // No async method: what waits is the handler most often, and a frame around it would be one more to suspend for each request.
    private ValueTask<Fault> HandleAsync(Exchange exchange)
    {
        // :: (1)
        exchange.ReceivedFields = exchange.Request.Fields.Count;
        var fault = Forwarded.Identify(exchange);
        IdentityFields?.Remove(exchange.Request.Fields);

        // :: (2)
        var request = exchange.Request;
        if (fault == FaultKind.None)
        {
            fault = HostName.Read(request);
        }

        if (fault == FaultKind.None && exchange.Tls is { } tls && Misdirection.Is(tls, request.Host))
        {
            fault = FaultKind.Misdirected;
        }

        if (fault == FaultKind.None && !RequestTarget.Agrees(request, exchange.IsClientSecure))
        {
            fault = FaultKind.RequestInvalid;
        }

        if (fault == FaultKind.None && RequestTarget.IsAsterisk(request))
        {
            // It asks about lb itself and no resource (RFC 9110 section 9.3.7).
            exchange.Response.Status = 204;
            return OwnResponse.SendAsync(exchange);
        }

        if (fault == FaultKind.None)
        {
            fault = CanonicalPath.Read(request);
        }

        // :: (3)
        if (fault == FaultKind.None)
        {
            fault = Routes.Match(exchange);
        }

        if (fault == FaultKind.NoRoute && ToHttps is not null)
        {
            return Ask(ToHttps, exchange);
        }

        if (fault != FaultKind.None)
        {
            return new(new Fault(FaultSide.Client, fault));
        }

        // :: (4)
        var route = exchange.Route!;
        if (exchange.RequestBody is { } body)
        {
            body.Limit = route.Options.Limits.Body ?? Options.Limits.Body;
            if (request.Framing == BodyFraming.Length && request.ContentLength > body.Limit)
            {
                return new(new Fault(FaultSide.Client, FaultKind.BodyTooLarge));
            }
        }

        var callers = GrpcCall.TimeoutOf(request.Fields);
        if (Shorter(route.Timeout, callers) is { } timeout)
        {
            var left = timeout - Time.GetElapsedTime(exchange.Began);
            var isCallers = timeout == callers;
            if (left <= TimeSpan.Zero || (isCallers && left < GrpcCall.Shortest))
            {
                // Its head alone took that long, or nobody could answer in that time.
                return new(new Fault(FaultSide.Client, FaultKind.ExchangeTimeout));
            }

            if (!exchange.IsRehearsal)
            {
                exchange.BeginTimeout(left, isCallers);
            }
        }

        var asked = route.Policies.OnRequestAsync(exchange);
        return asked.IsCompletedSuccessfully ? AfterPoliciesAsync(exchange, asked.Result) : AwaitPoliciesAsync(exchange, asked);
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private static async ValueTask<Fault> AwaitPoliciesAsync(Exchange exchange, ValueTask<PolicyOutcome> asked) =>
        await AfterPoliciesAsync(exchange, await asked);

    private static ValueTask<Fault> AfterPoliciesAsync(Exchange exchange, in PolicyOutcome outcome)
    {
        exchange.MayStandIn = !outcome.IsFinal || outcome.Fault.Side == FaultSide.Client;
        if (outcome.IsFinal)
        {
            return outcome.Verdict == PolicyVerdict.Answered ? OwnResponse.SendAsync(exchange) : new(outcome.Fault);
        }

        // :: (5)
        var fault = MaxForwards.Count(exchange.Request, out var isLast);
        if (fault == FaultKind.None && !isLast)
        {
            return Ask(exchange.Route!.Handler, exchange);
        }

        if (fault != FaultKind.None || exchange.Request.Method == RequestMethod.Trace)
        {
            // A TRACE would show its fields, those that lb added too: nobody who asks for a path needs them.
            return new(new Fault(FaultSide.Client, fault == FaultKind.None ? FaultKind.NotImplemented : fault));
        }

        exchange.Response.Status = 204;
        return OwnResponse.SendAsync(exchange);
    }
}
