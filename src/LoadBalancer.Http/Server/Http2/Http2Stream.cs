using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Http.Server.Http2.Hpack;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>One exchange on a connection of HTTP/2. Pooled by its loop, so that an idle connection has none. Touched only on its loop.</summary>
internal sealed class Http2Stream : ResponseCarrier, IHttp2Stream
{
    private readonly Action _onAnswered;
    private readonly ClientClock _clock;
    private Http2Tunnel? _tunnel;
    private ValueTask _answering;
    private bool _isMalformed;

    /// <summary>One that is in no use.</summary>
    public Http2Stream(EventLoop loop)
    {
        _onAnswered = OnAnswered;
        _clock = new ClientClock(loop, this, static owner => ((Http2Stream)owner).OnLate(), static owner => ((Http2Stream)owner).OnStalled());
        Reader = new Http2BodyReader(this, loop);
        Writer = new Http2BodyWriter(this, loop);
    }

    /// <summary>Its connection's session; null while it is in no use.</summary>
    public Http2Session? Session { get; private set; }

    /// <summary>Its number on the connection.</summary>
    public int Id { get; private set; }

    /// <summary>The exchange; null while it is in no use.</summary>
    public Exchange? Exchange { get; private set; }

    /// <inheritdoc/>
    public Http2Output Output => Session!.Output;

    /// <inheritdoc/>
    public HeaderList HeadFields => Exchange!.Response.Fields;

    /// <summary>What the client sends.</summary>
    public Http2BodyReader Reader { get; }

    /// <summary>What it is sent.</summary>
    public Http2BodyWriter Writer { get; }

    /// <inheritdoc/>
    public override TimeSpan? EndsAfter => Session!.Connection.EndsAfter;

    /// <inheritdoc/>
    public override BodyWriter Body => Writer;

    /// <summary>True once one of the two sides has reset it: nothing is sent on it any more.</summary>
    public bool IsReset { get; set; }

    /// <summary>True until the exchange is begun, which is when the frames that came with its head are taken.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>True where it has become the tunnel of a WebSocket.</summary>
    public bool IsTakenOver { get; private set; }

    /// <summary>Begins with an exchange.</summary>
    /// <param name="session">The session.</param>
    /// <param name="id">Its number.</param>
    /// <param name="exchange">The exchange.</param>
    /// <param name="window">How much the client takes on it at first.</param>
    /// <param name="hasEnded">True where the head is all that the client sends.</param>
    public void Begin(Http2Session session, int id, Exchange exchange, int window, bool hasEnded)
    {
        (Session, Id, Exchange) = (session, id, exchange);
        (IsReset, IsWaiting, IsTakenOver, HasStarted, _isMalformed) = (false, false, false, false, false);
        var request = exchange.Request;
        Reader.Start(request.Framing == BodyFraming.Length ? request.ContentLength : -1, hasEnded);
        Writer.Begin(window);
    }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        _clock.Stop();
        _clock.End();
        Reader.Reset();
        Writer.Drop();
        (Session, Exchange, _tunnel) = (null, null, null);
    }

    /// <summary>Answers the exchange; the session hears of the end, which may be at once.</summary>
    /// <param name="fault">Why the request is refused; <see cref="FaultKind.None"/> where it is not.</param>
    /// <param name="isMalformed">True where the answer is for the log only: the client is told by a reset.</param>
    [SuppressMessage("Reliability", "CA2012:Use ValueTasks correctly", Justification = "It is kept until it has completed, and its result taken once.")]
    public void Answer(FaultKind fault, bool isMalformed)
    {
        _isMalformed = isMalformed;
        IsWaiting = false;
        _answering = Exchange!.Proxy.AnswerAsync(Exchange, fault);
        if (_answering.IsCompleted)
        {
            OnAnswered();
        }
        else
        {
            _answering.GetAwaiter().UnsafeOnCompleted(_onAnswered);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<bool> SendInterimAsync(ResponseHead head)
    {
        if (!IsReset)
        {
            Output.WriteHead(this, ends: false);
        }

        return new ValueTask<bool>(!IsReset);
    }

    /// <inheritdoc/>
    public override void Start(Exchange exchange)
    {
        HasStarted = true;
        if (_isMalformed)
        {
            Session!.Reset(this, Http2Error.ProtocolError);
        }

        var status = exchange.Response.Status;
        IsTakenOver = status == 101;
        Writer.Start(isBodyless: exchange.Request.Method == RequestMethod.Head || status is 204 or 304);
    }

    /// <inheritdoc/>
    public override IDuplexPipe? TakeOver() => _tunnel = new Http2Tunnel(this);

    /// <inheritdoc/>
    public override void ExpectBody() => _clock.AwaitBody(Reader, Exchange!.Proxy.Options);

    /// <inheritdoc/>
    public override void BodyCame() => _clock.BodyCame();

    /// <inheritdoc/>
    public override void StandAside() => Reader.StandAside();

    /// <inheritdoc/>
    public override void ExpectTaking() => _clock.AwaitTaking(Exchange!.Proxy.Options.Timeouts.Body);

    /// <inheritdoc/>
    public override void Taken() => _clock.Taken();

    /// <inheritdoc/>
    public override void EndedEarly() => Session?.CountReset();

    /// <inheritdoc/>
    public override void Abort() => Session?.Reset(this, Http2Error.InternalError);

    /// <inheritdoc/>
    public override void Break() => Session?.Reset(this, Http2Error.Cancel);

    /// <inheritdoc/>
    public void Number()
    {
        // The client gave it one.
    }

    /// <inheritdoc/>
    public int WriteHead(HpackEncoder encoder, Span<byte> room) => encoder.WriteResponse(room, Exchange!, IsTakenOver);

    private void OnAnswered()
    {
        var answered = _answering;
        _answering = default;
        answered.GetAwaiter().GetResult();
        Session!.Ended(this);
    }

    private void OnLate()
    {
        var exchange = Exchange;
        exchange?.GiveUp(new Fault(FaultSide.Client, FaultKind.BodyTimeout));
        if (Exchange is not null && Exchange == exchange)
        {
            Reader.Cancel();
        }
    }

    private void OnStalled()
    {
        var exchange = Exchange;
        exchange?.GiveUp(new Fault(FaultSide.Client, FaultKind.ClientStalled));
        if (Exchange is not null && Exchange == exchange)
        {
            Session!.Reset(this, Http2Error.Cancel);
        }
    }
}
