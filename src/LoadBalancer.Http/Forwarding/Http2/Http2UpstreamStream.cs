using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Http.Server.Http2.Hpack;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding.Http2;

/// <summary>One exchange on a connection to an endpoint that speaks HTTP/2. Pooled by its loop. Touched only on its loop.</summary>
internal sealed class Http2UpstreamStream : AttemptCarrier, IHttp2Stream, IValueTaskSource<FaultKind>
{
    private readonly EventLoop _loop;
    private Http2UpstreamSession? _session;
    private Exchange? _exchange;
    private ResponseHead? _response;
    private ManualResetValueTaskSourceCore<FaultKind> _head;
    private ResponseHead? _nextHead;
    private FaultKind _failure;
    private int _use;
    private bool _wasUsed;
    private bool _isActive;
    private bool _awaitsHead;
    private bool _hasNextHead;
    private bool _isUntouched;

    /// <summary>One that is in no use.</summary>
    public Http2UpstreamStream(EventLoop loop)
        : base(loop)
    {
        _loop = loop;
        Reader = new Http2BodyReader(this, loop);
        Writer = new Http2BodyWriter(this, loop);
    }

    /// <inheritdoc/>
    public int Id { get; private set; }

    /// <summary>Its place among the streams of its session.</summary>
    public int At { get; set; }

    /// <inheritdoc/>
    public bool IsReset { get; private set; }

    /// <summary>True once the final head of the response is there.</summary>
    public bool HasHead { get; private set; }

    /// <summary>Interim responses that have come.</summary>
    public int Interims { get; set; }

    /// <inheritdoc/>
    public Http2Output Output => _session!.Output;

    /// <inheritdoc/>
    public Http2BodyReader Reader { get; }

    /// <inheritdoc/>
    public Http2BodyWriter Writer { get; }

    /// <inheritdoc/>
    public HeaderList HeadFields => _exchange!.Request.Fields;

    /// <summary>The method of the request.</summary>
    public RequestMethod Method => _exchange!.Request.Method;

    /// <summary>Where the next head is put: into the attempt's where that waits for it, else here until it does.</summary>
    public ResponseHead NextHead => _awaitsHead ? _response! : _nextHead ??= new ResponseHead();

    /// <inheritdoc/>
    public override BodyReader ResponseBody => Reader;

    /// <inheritdoc/>
    public override BodyWriter RequestBody => Writer;

    /// <inheritdoc/>
    /// <remarks>An endpoint that resets the stream alone has looked at it.</remarks>
    public override bool WasUsed => _wasUsed && _session!.IsEnding;

    /// <inheritdoc/>
    public override bool IsShared => true;

    /// <inheritdoc/>
    public override bool IsSent => Id != 0;

    /// <inheritdoc/>
    public override bool IsOneOfMany() => TimedOut == FaultKind.None && _session!.IsEnding && !_session.TakeBlame();

    /// <inheritdoc/>
    public override bool WasReset => _failure == FaultKind.Reset;

    /// <inheritdoc/>
    public override bool IsUntouched => _isUntouched;

    /// <summary>Begins on a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="at">Its place there.</param>
    /// <param name="wasUsed">True where the session has had others.</param>
    /// <param name="window">How much the endpoint takes on it at first.</param>
    public void Begin(Http2UpstreamSession session, int at, bool wasUsed, int window)
    {
        (_session, At, Id, _wasUsed, _isActive) = (session, at, 0, wasUsed, true);
        (_awaitsHead, _hasNextHead, _isUntouched, IsReset, HasHead) = (false, false, false, false, false);
        (_failure, TimedOut, Interims) = (FaultKind.None, FaultKind.None, 0);
        Reader.Start(length: 0, ended: false);
        Writer.Begin(window);
    }

    /// <summary>True where it is under way on <paramref name="session"/>.</summary>
    public bool IsOf(Http2UpstreamSession session) => _isActive && _session == session;

    /// <inheritdoc/>
    public void Number() => Id = _session!.Number(this);

    /// <inheritdoc/>
    public int WriteHead(HpackEncoder encoder, Span<byte> room) => encoder.WriteRequest(room, _exchange!, _session!.IsSecure);

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public override async ValueTask<Fault> AskAsync(Exchange exchange, ForwardWork work, Attempt attempt, UpstreamOptions options, TimeProvider time)
    {
        // :: (4)
        (_exchange, _response) = (exchange, attempt.Response);
        Writer.Start(isBodyless: false);
        Expect(options.Timeouts.FirstByte, FaultKind.FirstByteTimeout);
        if (exchange.RequestBody is null)
        {
            Writer.End(null);
            await Writer.FlushAsync();
        }
        else
        {
            work.AwaitsContinue = exchange.Request.ExpectsContinue && exchange.RequestBody.BytesRead == 0;
            work.BeginUpload(BodyCopier.UploadAsync(exchange, work, this, options.Timeouts, time));
        }

        // :: (5)
        for (var interim = 1; ; interim++)
        {
            var failure = await HeadAsync();
            if (attempt.GaveUp.Failed)
            {
                return attempt.GaveUp;
            }

            if (failure != FaultKind.None)
            {
                return new Fault(FaultSide.Upstream, TimedOut != FaultKind.None ? TimedOut : failure);
            }

            if (attempt.FirstByte == 0)
            {
                attempt.Begins(time.GetTimestamp());
            }

            if (attempt.Response.Status >= 200)
            {
                work.IsAnswered = true;
                return Fault.None;
            }

            var fault = await PassInterimAsync(exchange, work, attempt, options, interim);
            if (fault.Failed)
            {
                return fault;
            }
        }
    }

    /// <summary>A head has come, in <see cref="NextHead"/>. An interim one that nobody has taken is lost to the next.</summary>
    public void OnHead(ResponseHead head, bool ends)
    {
        if (head.Status >= 200)
        {
            HasHead = true;
            Reader.Start(head.Framing switch { BodyFraming.Length => head.ContentLength, BodyFraming.None => 0, _ => -1 }, ends);
        }

        if (_awaitsHead)
        {
            _awaitsHead = false;
            _head.SetResult(FaultKind.None);
        }
        else
        {
            _hasNextHead = true;
        }
    }

    /// <summary>It has ended because of <paramref name="kind"/>; what has come before is the client's all the same. Whoever waits goes on inline.</summary>
    /// <param name="kind">Why.</param>
    /// <param name="isUntouched">True where the endpoint has not looked at the request.</param>
    public void Fail(FaultKind kind, bool isUntouched)
    {
        var use = _use;
        (_failure, _isUntouched, IsReset) = (kind, isUntouched, true);
        Leave();
        if (use == _use)
        {
            Writer.Drop();
        }

        if (use == _use)
        {
            Reader.FailBehind(kind);
        }

        if (use == _use && _awaitsHead)
        {
            _awaitsHead = false;
            _head.SetResult(kind);
        }
    }

    /// <summary>The endpoint has answered, and wants no more of the request.</summary>
    public void StopUpload()
    {
        IsReset = true;
        Output.Remove(Writer);
        Writer.Drop();
    }

    /// <inheritdoc/>
    public override bool IsEarly(ResponseHead head) => Reader.HasEnded || head.Framing switch
    {
        BodyFraming.None => true,
        BodyFraming.Length => head.ContentLength <= EventLoop.ScratchBytes,
        _ => false,
    };

    /// <inheritdoc/>
    public override void StartResponseBody(ResponseHead head)
    {
        // It began with the head, as frames may have come since.
    }

    /// <inheritdoc/>
    public override ValueTask GatherAsync() => Reader.HasPart ? default : GatherMoreAsync();

    /// <inheritdoc/>
    protected override bool IsClosed => !_isActive;

    /// <inheritdoc/>
    public override void Park(TimeSpan idleAtMost, bool keepsAlive)
    {
        if (_isActive)
        {
            _session!.IdleAtMost = idleAtMost;
            Abort();
        }
    }

    /// <inheritdoc/>
    public override void Close() => Abort();

    /// <inheritdoc/>
    public override void Abort()
    {
        Relax();
        if (!_isActive)
        {
            return;
        }

        if (Id != 0 && !IsReset && !_session!.IsEnding && !(Writer.HasEnded && Reader.HasEnded))
        {
            _session.WriteReset(this, Http2Error.Cancel);
        }

        Fail(FaultKind.Reset, isUntouched: false);
    }

    /// <inheritdoc/>
    public override void Release()
    {
        Abort();
        EndDeadline();
        _use++;
        Reader.Reset();
        Writer.Drop();
        var pools = _session!.Pool.Pools;
        (_session, _exchange, _response) = (null, null, null);
        _nextHead?.Reset();
        pools.Return(this);
    }

    FaultKind IValueTaskSource<FaultKind>.GetResult(short token) => _head.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<FaultKind>.GetStatus(short token) => _head.GetStatus(token);

    void IValueTaskSource<FaultKind>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _head.OnCompleted(continuation, state, token, flags);

    private ValueTask<FaultKind> HeadAsync()
    {
        if (_hasNextHead)
        {
            _hasNextHead = false;
            _response!.CopyFrom(_nextHead!);
            return new ValueTask<FaultKind>(FaultKind.None);
        }

        if (_failure != FaultKind.None)
        {
            return new ValueTask<FaultKind>(_failure);
        }

        _awaitsHead = true;
        _head.Reset();
        return new ValueTask<FaultKind>(this, _head.Version);
    }

    // What follows the head is most often in the same read: others go first, and then it is one write to the client and not two.
    [AsyncMethodBuilder(typeof(LoopMethodBuilder))]
    private async ValueTask GatherMoreAsync() => await _loop.Yield();

    private void Leave()
    {
        if (_isActive)
        {
            _isActive = false;
            _session!.Leave(this);
        }
    }

    /// <inheritdoc/>
    protected override void OnLate(FaultKind fault)
    {
        TimedOut = fault;
        Abort();
    }
}
