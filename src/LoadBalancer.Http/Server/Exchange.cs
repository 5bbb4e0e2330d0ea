// One file: all that an exchange is from its head to its end, and what ends it early. Each part of it is for moments that the others decide.

using System.Buffers;
using System.Net;
using System.Runtime.CompilerServices;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Routing;
using LoadBalancer.Limits;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Server;

/// <summary>
/// One request and its response, all attempts included: the one representation that routing, policies and forwarding know, whatever
/// carries it. Pooled by its loop (<see cref="ExchangePool"/>), and touched only there.
/// </summary>
internal sealed class Exchange(EventLoop loop)
{
    /// <summary>The failed attempts that are remembered.</summary>
    public const int MostFailures = 8;

    private LoopDeadline? _timeout;
    private TimeSpan _timeoutAfter;
    private bool _isWithClient;
    private bool _isTaking;
    private BodyPace? _requestPace;
    private BodyPace? _responsePace;
    private FailedAttempt[] _failed = [];
    private int _failures;
    private DecisionTrace? _decisions;
    private List<byte[]>? _challenges;
    private List<byte[]>? _cookies;

    /// <summary>The loop that it lives on.</summary>
    public EventLoop Loop => loop;

    /// <summary>Where its ids come from: the loop's.</summary>
    public RequestIds Ids { get => field ??= new(); init; }

    /// <summary>Addresses that the loop has read already.</summary>
    public AddressCache Addresses { get => field ??= new(); init; }

    /// <summary>The listener's configuration, the same for the whole exchange.</summary>
    public HttpProxy Proxy { get; set; } = null!;

    /// <summary>The request.</summary>
    public RequestHead Request { get; } = new();

    /// <summary>How many of the request's fields came with it: the first ones. Those behind them are lb's, or what lb has made of one.</summary>
    public int ReceivedFields { get; set; }

    /// <summary>The request's body; null where it has none.</summary>
    public BodyReader? RequestBody { get; set; }

    /// <summary>The response; another object where an attempt keeps this one.</summary>
    public ResponseHead Response { get; set; } = new();

    /// <summary>The body of a response of lb's own; empty for none. Not of a forwarded one.</summary>
    public ReadOnlyMemory<byte> OwnBody { get; set; }

    /// <summary>The body of a response that was kept, as it is kept; empty where there is none. In place of <see cref="OwnBody"/>.</summary>
    public ReadOnlySequence<byte> StoredBody { get; set; }

    /// <summary>What it has to do with the cache; null where its route never had one. Kept from one use to the next.</summary>
    public CacheWork? Caching { get; set; }

    /// <summary>The way back.</summary>
    public ResponseCarrier Carrier { get; set; } = null!;

    /// <summary>Who is at the other end of the connection: the client, or the proxy before lb.</summary>
    public EndPoint? Peer { get; set; }

    /// <summary>The client's address: the peer's, or what a trusted proxy told of it. Null for a Unix socket.</summary>
    public IPAddress? ClientAddress { get; set; }

    /// <summary>Where the client connected to, with lb's port.</summary>
    public EndPoint? Local { get; set; }

    /// <summary>The TLS session that it came by; null where it came in clear.</summary>
    public TlsSession? Tls { get; set; }

    /// <summary>True where the connection to lb is encrypted.</summary>
    public bool IsSecure { get; set; }

    /// <summary>The scheme that the client used, of a trusted proxy's word if there is one.</summary>
    public bool IsClientSecure { get; set; }

    /// <summary>The route; null before routing, and where there is none.</summary>
    public Route? Route { get; set; }

    /// <summary>The parts of <see cref="RequestHead.Path"/> that the route's template captured, in its order.</summary>
    public Slice[] Captures { get; } = new Slice[PathLimits.MostCaptures];

    /// <summary>The path that is sent on, where a rewrite made another than the request's; else empty.</summary>
    public Slice ForwardedPathSlice { get; set; }

    /// <summary>The query that is sent on, where a rewrite made another; null is the request's.</summary>
    public Slice? ForwardedQuerySlice { get; set; }

    /// <summary>The id of the request: of a trusted proxy, else made here. 32 hexadecimal digits where made here.</summary>
    public Slice RequestIdSlice { get; set; }

    /// <summary>The id of the request.</summary>
    public ReadOnlySpan<byte> RequestId => RequestIdSlice.Of(Request.Fields);

    /// <summary>The path that is sent on.</summary>
    public ReadOnlySpan<byte> ForwardedPath => ForwardedPathSlice.Length > 0 ? ForwardedPathSlice.Of(Request.Fields) : Request.Path;

    /// <summary>Who calls, where the route's <c>auth</c> has found it out; null for nobody.</summary>
    public Identity? Identity { get; set; }

    /// <summary>When a tunnel of this exchange ends at the latest, in seconds since 1970; <see cref="long.MaxValue"/> for whenever it does.</summary>
    public long TunnelEndsAt { get; set; } = long.MaxValue;

    /// <summary>The request's Origin, where pages of it may read the response; of no length where they may not.</summary>
    public Slice AllowedOrigin { get; set; }

    /// <summary>What the route's policies have decided.</summary>
    public DecisionTrace Decisions => _decisions ??= new();

    /// <summary>What a client that gets 401 may try: values of WWW-Authenticate.</summary>
    public List<byte[]> Challenges => _challenges ??= [];

    /// <summary>What the response sets in the client, whoever answers: values of Set-Cookie, valid for certain. A response with one is kept by nobody.</summary>
    public List<byte[]> Cookies => _cookies ??= [];

    /// <summary>True where a stand-in for an error may get the request: the route's policies have let it pass, or one has refused it by the client's fault.</summary>
    public bool MayStandIn { get; set; }

    /// <summary>True where somebody asks what would happen: nothing may be counted, charged, stored or sent.</summary>
    public bool IsRehearsal { get; set; }

    /// <summary>True where an issuer or a service may be asked because of it.</summary>
    public bool MayAsk => !IsRehearsal || Rehearsal is { MayAsk: true };

    /// <summary>What is assumed in a rehearsal, and what came of it; null where it is none.</summary>
    public Rehearsal? Rehearsal
    {
        get;
        set
        {
            field = value;
            IsRehearsal = value is not null;
        }
    }

    /// <summary>The attempts that failed, the first ones of them.</summary>
    public ReadOnlySpan<FailedAttempt> FailedAttempts => _failed.AsSpan(0, _failures);

    /// <summary>True where a policy in the route's shadow would have refused it.</summary>
    public bool WouldBeRefused => _decisions is { WouldRefuse: true };

    /// <summary>How important it is in overload. A copy for a mirror, which alone has no route, is for nobody who waits.</summary>
    public Importance Importance => Route?.Importance ?? Importance.Low;

    /// <summary>The upstream that the route leads to; null where it answers by itself.</summary>
    public Upstream? Upstream { get; set; }

    /// <summary>The endpoint of the last attempt; null where there was none.</summary>
    public Endpoint? Endpoint { get; set; }

    /// <summary>The value of a Set-Cookie field that keeps the client where it was sent; empty for none.</summary>
    public ReadOnlyMemory<byte> StickyCookie { get; set; }

    /// <summary>Tries against endpoints.</summary>
    public int Attempts { get; set; }

    /// <summary>Why it was sent again, the last time; <see cref="RetryReason.None"/> where it was not.</summary>
    public RetryReason RetriedFor { get; set; }

    /// <summary>What a call of gRPC ended with, by the endpoint's word or by lb's own; null where it is no call, or neither has said it.</summary>
    public int? GrpcStatus { get; set; }

    /// <summary>True where the client's connection is not used again, because what follows on it cannot be trusted or is not wanted.</summary>
    public bool MustClose { get; set; }

    /// <summary>How it ended; <see cref="Fault.None"/> where a whole response was sent.</summary>
    public Fault Fault { get; set; }

    /// <summary>In how many seconds the client may come again, where its fault is that an upstream's circuit is open, or that there is too much to do.</summary>
    public int RetryAfterSeconds { get; set; } = 1;

    /// <summary>When the first bytes of its head were read, as <see cref="TimeProvider.GetTimestamp"/>; of one that was pipelined, when its turn came.</summary>
    public long Began { get; set; }

    /// <summary>When an endpoint was leased; 0 for never.</summary>
    public long Leased { get; set; }

    /// <summary>When a connection to it was there; 0 for never.</summary>
    public long Connected { get; set; }

    /// <summary>When the first byte of its response was there; 0 for never.</summary>
    public long FirstByte { get; set; }

    /// <summary>Bytes of the request's body that were read.</summary>
    public long ReceivedBytes { get; set; }

    /// <summary>Bytes of the response's body that were written.</summary>
    public long SentBytes { get; set; }

    /// <summary>The bandwidth that the request's body keeps to; null for any.</summary>
    public BodyPace? RequestPace { get; private set; }

    /// <summary>The bandwidth that the response's body keeps to; null for any.</summary>
    public BodyPace? ResponsePace { get; private set; }

    /// <summary>How long its bodies have waited for a bandwidth; null where they need not keep to one.</summary>
    public TimeSpan? Paused => RequestPace is null && ResponsePace is null ? null : (RequestPace?.Paused ?? default) + (ResponsePace?.Paused ?? default);

    /// <summary>How many policies of the route were asked: they hear of the response and of the end.</summary>
    public int PoliciesAsked { get; set; }

    /// <summary>What a forwarder keeps in it from one use to the next.</summary>
    public ForwardWork? Work { get; set; }

    /// <summary>What limits have said to it, and charged; null where none was ever asked.</summary>
    public LimitCharges? Limits { get; set; }

    /// <summary>What it waits for elsewhere, so that it can be given up; null while it waits for nothing but its client.</summary>
    public PendingWork? Pending { get; set; }

    /// <summary>What ends it because its route is gone, or leads elsewhere; null where nothing does.</summary>
    public Retirement? Retirement { get; set; }

    /// <summary>Why it was given up; <see cref="Fault.None"/> where it was not.</summary>
    public Fault GivenUp { get; private set; }

    /// <summary>When the client was last waited for, or the bandwidth of its caller, as <see cref="TimeProvider.GetTimestamp"/>; 0 for never.</summary>
    public long ClientCame { get; set; }

    /// <summary>True where the time of the whole exchange is the caller's own (see <see cref="GrpcCall.TimeoutOf"/>), and not the route's.</summary>
    public bool HasCallersTime { get; private set; }

    /// <summary>The whole exchange ends after <paramref name="time"/>; not a response that lasts, see <see cref="EndTimeout"/>.</summary>
    /// <param name="time">How long, from now.</param>
    /// <param name="isCallers">True where the caller has asked for that.</param>
    public void BeginTimeout(TimeSpan time, bool isCallers = false)
    {
        (_timeoutAfter, HasCallersTime) = (time, isCallers);

        // It has just sent its head.
        ClientCame = Proxy.Time.GetTimestamp();
        _timeout ??= new LoopDeadline(loop, static exchange => ((Exchange)exchange).OnTimeout(), this);
        _timeout.Set(time);
    }

    /// <summary>The time of the exchange does not run any more.</summary>
    public void EndTimeout() => _timeout?.Clear();

    /// <summary>The request's body has to keep <paramref name="pace"/>, which it has entered, to the end of the exchange.</summary>
    public void KeepRequestPace(Pace pace) => (RequestPace = _requestPace ??= new BodyPace(loop)).Keep(pace);

    /// <summary>The response's body has to keep <paramref name="pace"/>, which it has entered, to the end of the exchange.</summary>
    public void KeepResponsePace(Pace pace) => (ResponsePace = _responsePace ??= new BodyPace(loop)).Keep(pace);

    /// <summary>Lets the route's policies see the head of the response, and writes it.</summary>
    public void StartResponse()
    {
        // They see what was answered, to keep it as it came.
        Route?.Policies.OnResponse(this);
        if (_cookies is { Count: > 0 } cookies)
        {
            // A cache in front would give somebody's session to the next one.
            Response.Fields.Set(KnownHeader.CacheControl, "no-store"u8);
            foreach (var cookie in cookies)
            {
                Response.Fields.AddOwn(KnownHeader.SetCookie, "Set-Cookie"u8, cookie);
            }
        }

        Carrier.Start(this);
    }

    /// <summary>Sends what was written of the response; the client has its time to take it. False where it is gone.</summary>
    public ValueTask<bool> FlushAsync()
    {
        var flush = Carrier.Body.FlushAsync();
        return flush.IsCompletedSuccessfully ? flush : AwaitTakingAsync(flush);
    }

    /// <summary>The client is waited for from here on, to take what was sent, or its caller's bandwidth is.</summary>
    public void HoldResponse() => _isWithClient = true;

    /// <summary>It is not waited for any more.</summary>
    public void UnholdResponse() => (_isWithClient, ClientCame) = (false, Proxy.Time.GetTimestamp());

    /// <summary>Notes that an attempt has failed.</summary>
    public void Note(in FailedAttempt attempt)
    {
        if (_failures < MostFailures)
        {
            _failed = _failed.Length == 0 ? new FailedAttempt[MostFailures] : _failed;
            _failed[_failures++] = attempt;
        }
    }

    /// <summary>Ends it early because of <paramref name="fault"/>: whatever it waits for elsewhere is over. The first reason stays.</summary>
    public void GiveUp(Fault fault)
    {
        if (!GivenUp.Failed)
        {
            GivenUp = fault;
            RequestPace?.Interrupt();
            ResponsePace?.Interrupt();
            Pending?.GiveUp(fault);
        }
    }

    /// <summary>Becomes an exchange of its own with the same request, for a mirror: no body, no way back, no route.</summary>
    public void CopyFrom(Exchange other)
    {
        Request.CopyFrom(other.Request);
        (Proxy, Peer, Local, ClientAddress, IsSecure, IsClientSecure) = (other.Proxy, other.Peer, other.Local, other.ClientAddress, other.IsSecure, other.IsClientSecure);
        Identity = other.Identity;
        (ForwardedPathSlice, ForwardedQuerySlice, RequestIdSlice, Began) = (other.ForwardedPathSlice, other.ForwardedQuerySlice, other.RequestIdSlice, other.Began);
    }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        Request.Reset();
        Response.Reset();
        RequestPace?.Reset();
        ResponsePace?.Reset();
        RequestPace = ResponsePace = null;
        Proxy = null!;
        Carrier = null!;
        RequestBody = null;
        OwnBody = StickyCookie = default;
        StoredBody = default;
        Caching?.Reset();
        Peer = Local = null;
        ClientAddress = null;
        IsSecure = IsClientSecure = MustClose = false;
        Tls = null;
        Route = null;
        Retirement = null;
        Identity = null;
        MayStandIn = false;
        TunnelEndsAt = long.MaxValue;
        AllowedOrigin = default;
        _decisions?.Reset();
        _challenges?.Clear();
        _cookies?.Clear();
        Limits?.Reset();
        Rehearsal = null;
        Array.Clear(_failed, 0, _failures);
        _failures = 0;
        ForwardedPathSlice = RequestIdSlice = default;
        ForwardedQuerySlice = null;
        Upstream = null;
        Endpoint = null;
        Attempts = PoliciesAsked = ReceivedFields = 0;
        RetryAfterSeconds = 1;
        RetriedFor = RetryReason.None;
        GrpcStatus = null;
        Fault = GivenUp = default;
        HasCallersTime = _isWithClient = _isTaking = false;
        ClientCame = 0;
        Began = Leased = Connected = FirstByte = ReceivedBytes = SentBytes = 0;
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<bool> AwaitTakingAsync(ValueTask<bool> flush)
    {
        Carrier.ExpectTaking();
        HoldResponse();
        _isTaking = true;
        var taken = await flush;
        _isTaking = false;
        UnholdResponse();
        Carrier.Taken();
        return taken;
    }

    private void OnTimeout()
    {
        var fault = new Fault(IsClients() ? FaultSide.Client : FaultSide.Upstream, FaultKind.ExchangeTimeout);
        if (!HasCallersTime && !GivenUp.Failed && Pending is { HasFallback: true } pending)
        {
            // What is in hand is passed on, for which there is as much time again.
            _timeout!.Set(_timeoutAfter);
            pending.FallBack(fault);
        }
        else
        {
            var (isTaking, carrier) = (_isTaking, Carrier);
            GiveUp(fault);
            if (isTaking)
            {
                // It waits for the client still, and the endpoint's connection with it: who takes nothing is not to keep that.
                carrier.Abort();
                carrier.Break();
            }
        }
    }

    // No endpoint is to blame for a time that its client has used up, or has chosen: whoever wished could else have endpoints ejected by being slow.
    private bool IsClients() =>
        HasCallersTime || _isWithClient || Pending is { AwaitsClient: true } || Proxy.Time.GetElapsedTime(ClientCame) < _timeoutAfter / 2;
}
