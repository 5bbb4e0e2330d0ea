using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>One exchange on a connection of HTTP/1.x. Pooled by its loop, so that an idle connection has none. Touched only on its loop.</summary>
internal sealed class Http1Carrier(EventLoop loop, DateText date) : ResponseCarrier
{
    /// <summary>What is left of a request's body after the response and is read away, so that the connection can be used again; in bytes, at most.</summary>
    public const long MostLeftOver = 64 * 1024;

    private readonly Http1BodyWriter _body = new();
    private Http1Session _session = null!;

    /// <summary>The body of the request.</summary>
    public Http1BodyReader RequestBody { get; } = new();

    /// <inheritdoc/>
    public override TimeSpan? EndsAfter => _session.Connection.EndsAfter;

    /// <inheritdoc/>
    public override BodyWriter Body => _body;

    /// <summary>True where the connection is to be used again, as the head of the response said.</summary>
    public bool KeepsAlive { get; private set; }

    /// <summary>True where the connection now belongs to whoever took it over.</summary>
    public bool IsTakenOver { get; private set; }

    /// <summary>True where the response was broken off.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>True where only a reset tells the client that a response is not whole: its end would be the end of the connection.</summary>
    public bool EndsByClosing { get; private set; }

    /// <summary>Begins with an exchange of <paramref name="session"/>.</summary>
    public void Begin(Http1Session session) => _session = session;

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        _session = null!;
        HasStarted = KeepsAlive = IsTakenOver = IsAborted = EndsByClosing = false;
        RequestBody.Reset();
        _body.Reset();
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public override async ValueTask<bool> SendInterimAsync(ResponseHead head)
    {
        if (_session.Exchange!.Request.Version == ProtocolVersion.Http10)
        {
            return true;
        }

        HeadWriter.WriteResponse(_session.Output, head, RequestMethod.Get, BodyFraming.None, -1, ConnectionOption.None);
        var flush = _session.Output.FlushAsync();
        if (flush.IsCompletedSuccessfully)
        {
            return !flush.Result.IsCompleted;
        }

        ExpectTaking();
        var sent = await flush;
        Taken();
        return !sent.IsCompleted;
    }

    /// <inheritdoc/>
    public override void Start(Exchange exchange)
    {
        loop.AssertInLoop();
        HasStarted = true;
        var (request, response) = (exchange.Request, exchange.Response);
        var isOld = request.Version == ProtocolVersion.Http10;
        if (response.Status == 101)
        {
            _session.Client.PutsOffSends = false;
            HeadWriter.WriteResponse(_session.Output, response, request.Method, BodyFraming.None, -1, ConnectionOption.WebSocket);
            return;
        }

        // RFC 9110 section 6.6.1: every response has one, be it that its endpoint has no clock.
        if (response.Fields.Find(KnownHeader.Date) < 0)
        {
            response.Fields.AddOwn(KnownHeader.Date, "Date"u8, date.At(loop.NowMs, exchange.Proxy.Time));
        }

        // A client of HTTP/1.0 knows no chunks: for it the end of the connection is the end of the body.
        var framing = response.Framing switch
        {
            BodyFraming.Chunked or BodyFraming.Close => isOld ? BodyFraming.Close : BodyFraming.Chunked,
            var known => known,
        };
        EndsByClosing = framing == BodyFraming.Close;
        var bodyless = request.Method == RequestMethod.Head || response.Status is 204 or 304;
        KeepsAlive = request.KeepsAlive && !exchange.MustClose && !_session.IsFinishing && (framing != BodyFraming.Close || bodyless) && BodyCanEnd(exchange);

        // Behind the last response the connection is closed, which must not come before it is sent.
        _session.Client.PutsOffSends = KeepsAlive;
        var option = !KeepsAlive ? ConnectionOption.Close : isOld ? ConnectionOption.KeepAlive : ConnectionOption.None;
        HeadWriter.WriteResponse(_session.Output, response, request.Method, framing, response.ContentLength, option);
        _body.Start(_session.Output, bodyless ? BodyFraming.None : framing, response.ContentLength);
    }

    /// <inheritdoc/>
    public override IDuplexPipe? TakeOver()
    {
        IsTakenOver = true;
        return _session.Client.Transport;
    }

    /// <inheritdoc/>
    public override void ExpectBody() => _session.Clock.AwaitBody(RequestBody, _session.Exchange!.Proxy.Options);

    /// <inheritdoc/>
    public override void BodyCame() => _session.Clock.BodyCame();

    /// <inheritdoc/>
    public override void ExpectTaking() => _session.Clock.AwaitTaking(_session.Exchange!.Proxy.Options.Timeouts.Body);

    /// <inheritdoc/>
    public override void Taken() => _session.Clock.Taken();

    /// <inheritdoc/>
    public override void Abort()
    {
        IsAborted = true;
        KeepsAlive = false;
    }

    /// <inheritdoc/>
    public override void Break() => _session.Client.Abort();

    // Decided before it is promised to the client (RFC 9112 section 9.6): somebody reads the rest of the request's body to its end, or it is
    // little and certain to come, and is read away. Who answers with an error before that is no such somebody: it wants no more.
    private bool BodyCanEnd(Exchange exchange)
    {
        if (exchange.RequestBody is not { IsAtEnd: false } body)
        {
            return true;
        }

        var request = exchange.Request;
        return !exchange.GivenUp.Failed && !RequestBody.HasFailed
            && ((exchange.Pending is { TakesBody: true } && exchange.Response.Status < 400)
                || (!request.ExpectsContinue && request.Framing == BodyFraming.Length && request.ContentLength - body.BytesRead <= MostLeftOver));
    }
}
