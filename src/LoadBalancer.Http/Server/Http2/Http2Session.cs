// Long because a stream ends in many ways, each of which has to leave the same state behind: they are read side by side.
using System.Buffers;
using System.IO.Pipelines;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Http.Server.Http2.Hpack;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>
/// HTTP/2 on a client's connection (RFC 9113): many exchanges at once, each under the configuration that is in force when its head is there.
/// Touched only on its loop.
/// </summary>
/// <remarks>
/// <code>
///   served ─► (1) settings ─► (2) frames ─► streams, which answer by themselves ─┐
///                              ▲   │ idle, gone, drained, an error               │ (3) GOAWAY, what is under way ends ─► (4) linger ─► ended
///                              └───┴─────────────────────────────────────────────┘
/// </code>
/// One reader takes frames as they come (<see cref="Http2ServerInput"/>) and never waits for a stream: a stream has its window for what it does not
/// take. Requests are answered when all frames that have come with them are taken, so that one which is reset in the same read costs next to
/// nothing. One writer sends what all streams have (<see cref="Http2Output"/>). Only where answers to the client's own frames pile up, because it
/// does not read, no more of its frames are taken.
/// </remarks>
internal sealed class Http2Session : HttpSession, IHttp2Connection
{
    /// <summary>How long a client may take to read the last frames and to close, before it is closed with what it still sends unread.</summary>
    private const long LingerMs = 2_000;

    /// <summary>How long a client that does not answer is given to hear that the connection ends, before requests are refused.</summary>
    private const long FarewellMs = 1_000;

    /// <summary>How many streams that were reset are remembered at least, because frames of theirs may be on their way.</summary>
    private const int LeastResets = 256;

    private readonly Live<HttpProxy> _latest;
    private readonly Dictionary<int, Http2Stream> _streams = [];
    private readonly List<int> _waiting = [];
    private readonly LoopDeadline _farewell;
    private readonly Http2ServerInput _input;
    private int[]? _resets;
    private int _resetCount;
    private int _skippedFrom;
    private int _skippedTo;
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _allEnded;
    private Fault _stopped;
    private Fault _fault;
    private long _idleSinceMs;
    private bool _isTaking;
    private bool _isGoingAway;

    /// <summary>What <paramref name="connection"/> speaks, which was accepted under <paramref name="proxy"/>.</summary>
    public Http2Session(ClientConnection connection, HttpProxy proxy)
        : base(connection)
    {
        _latest = proxy.Latest;
        Proxy = proxy;
        _idleSinceMs = Loop.NowMs;
        Clock = new ClientClock(Loop, this, static owner => ((Http2Session)owner).OnLate(), static owner => ((Http2Session)owner).OnStalled());
        _farewell = new LoopDeadline(Loop, static owner => ((Http2Session)owner).OnFarewell(), this);
        Guard = new FloodGuard(Loop.NowMs, proxy.Options.Limits.Streams);
        Output = new Http2Output(this);
        _input = new Http2ServerInput(this);
    }

    /// <summary>The configuration that the last request began with.</summary>
    public HttpProxy Proxy { get; private set; }

    /// <summary>What is sent.</summary>
    public Http2Output Output { get; }

    /// <summary>The client's time.</summary>
    public ClientClock Clock { get; }

    /// <summary>What the client may do for nothing.</summary>
    public FloodGuard Guard { get; }

    /// <summary>The client's streams that are being answered, be they reset or not, by their number.</summary>
    public IReadOnlyDictionary<int, Http2Stream> Streams => _streams;

    /// <summary>The highest number of a stream that the client has opened, be it taken or not.</summary>
    public int LastStreamId { get; private set; }

    /// <summary>What a client takes on a new stream, in bytes.</summary>
    public int InitialWindow { get; private set; } = Http2BodyReader.Window;

    /// <summary>True where nothing more is read: the connection ends.</summary>
    public bool IsEnding { get; private set; }

    /// <inheritdoc/>
    public PipeWriter Pipe => Client.Transport.Output;

    /// <inheritdoc/>
    public override async ValueTask<Fault> ServeAsync()
    {
        // :: (1)
        var input = Client.Transport.Input;
        Clock.Await(ClientAct.Head, HeadMs);
        _input.Begin();
        WriteSettings();
        if (Connection.IsFinishing)
        {
            Finish();
        }

        // :: (2)
        while (!IsEnding)
        {
            if (!input.TryRead(out var read))
            {
                read = await input.ReadAsync();
            }

            if (_stopped.Failed || IsEnding)
            {
                break;
            }

            _isTaking = true;
            var rest = _input.Take(read.Buffer);
            AnswerWaiting(isGone: read.IsCompleted || Client.HasPeerFinished);
            _isTaking = false;
            if (IsEnding)
            {
                break;
            }

            if (Output.IsCongested && !read.IsCompleted)
            {
                input.AdvanceTo(rest.Start);
                await RoomAsync();
                continue;
            }

            input.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
            {
                IsEnding = true;
                _fault = GoneFault(isHalfway: _streams.Count > 0 || !rest.IsEmpty);
                GiveUpAll(new Fault(FaultSide.Client, FaultKind.ClientClosed));
                await AllEndedAsync();
                return _fault;
            }

            AwaitNext(isWhole: rest.IsEmpty);
        }

        // :: (3)
        Clock.Stop();
        GiveUpAll(_stopped.Failed ? _stopped : new Fault(FaultSide.Client, _fault.Failed ? _fault.Kind : FaultKind.ClientClosed));
        await AllEndedAsync();
        if (_stopped.Failed)
        {
            return _stopped;
        }

        Output.Flush();
        while (Output.IsFlushing && !_stopped.Failed)
        {
            await RoomAsync();
        }

        // :: (4)
        await LingerAsync();
        return _fault;
    }

    /// <inheritdoc/>
    public override void Each(Action<Exchange> action)
    {
        foreach (var stream in _streams.Values.ToArray())
        {
            if (stream.Session == this && stream.Exchange is { } exchange)
            {
                action(exchange);
            }
        }
    }

    /// <inheritdoc/>
    public override void Finish()
    {
        if (_isGoingAway || IsEnding)
        {
            return;
        }

        // RFC 9113 section 6.8: what is on its way must not be lost. All streams are still taken, until the client has heard.
        _isGoingAway = true;
        Output.WriteGoAway(int.MaxValue, Http2Error.NoError);
        Output.WriteFrame(FrameKind.Ping, FrameFlags.None, 0, "farewell"u8);
        _farewell.Set(FarewellMs);
    }

    /// <inheritdoc/>
    public override void Stop(Fault fault)
    {
        _stopped = fault;
        GiveUpAll(fault);
        OnRoom();
    }

    /// <inheritdoc/>
    public override void OnHangup(bool broken) => GiveUpAll(new Fault(FaultSide.Client, FaultKind.ClientClosed));

    /// <inheritdoc/>
    public override void End()
    {
        IsEnding = true;
        Output.End();
        foreach (var stream in _streams.Values.ToArray())
        {
            Release(stream);
        }

        Clock.End();
        _farewell.End();
        _input.End();
    }

    /// <summary>The client has answered the ping of <see cref="Finish"/>, or had its time to: requests that come now are not taken.</summary>
    public void Refuse()
    {
        if (_isGoingAway && !IsEnding && RefusedAfter == int.MaxValue)
        {
            _farewell.Clear();
            RefusedAfter = LastStreamId;
            Output.WriteGoAway(LastTakenId, Http2Error.NoError);
            EndIfDone();
        }
    }

    /// <summary>Streams with higher numbers are not taken, and what comes on them is passed over (RFC 9113 section 6.8).</summary>
    public int RefusedAfter { get; private set; } = int.MaxValue;

    /// <summary>Ends the connection because the client breaks a rule.</summary>
    public void Fail(Http2Error error) => Fail(error, FaultKind.Http2Invalid);

    /// <summary>Ends the connection because of <paramref name="kind"/>.</summary>
    public void Fail(Http2Error error, FaultKind kind)
    {
        if (!IsEnding)
        {
            Output.WriteGoAway(LastTakenId, error);
            _fault = new Fault(FaultSide.Client, kind);
            Wake();
        }
    }

    /// <summary>Ends the connection of a client that floods it.</summary>
    public void FailFlood() => Fail(Http2Error.EnhanceYourCalm, FaultKind.Flood);

    /// <summary>Opens a stream, whose head is a whole block.</summary>
    public void Open(int id, HpackDecoder decoder, ReadOnlySpan<byte> block, bool hasEnded)
    {
        if (id > LastStreamId + 2)
        {
            (_skippedFrom, _skippedTo) = (LastStreamId, id);
        }

        LastStreamId = id;
        Proxy = _latest.Current;
        var loop = Proxy.Engine.On(Loop);
        var exchange = loop.Exchanges.Rent();
        var outcome = Http2HeadReader.ReadRequest(decoder, block, exchange.Request, Proxy.HeadLimits, !hasEnded, out var fault);
        if (outcome == BlockOutcome.Broken || id > RefusedAfter || _streams.Count >= Proxy.Options.Limits.Streams)
        {
            loop.Exchanges.Return(exchange);
            if (outcome == BlockOutcome.Broken)
            {
                Fail(Http2Error.CompressionError);
            }
            else if (id <= RefusedAfter)
            {
                // It may be sent again; who keeps opening more than it may, floods.
                WriteReset(id, Http2Error.RefusedStream, hasEnded);
            }
            else if (!Guard.Take(Loop.NowMs))
            {
                FailFlood();
            }

            return;
        }

        exchange.Began = Proxy.Time.GetTimestamp();
        exchange.Proxy = Proxy;
        exchange.Peer = Client.RemoteEndPoint;
        exchange.Local = Client.LocalEndPoint;
        exchange.Tls = Connection.Tls;
        exchange.IsSecure = exchange.Tls is not null;
        var stream = loop.RentStream();
        exchange.Carrier = stream;
        stream.Begin(this, id, exchange, InitialWindow, hasEnded);
        if (exchange.Request.Framing == BodyFraming.Chunked || (!hasEnded && exchange.Request.ContentLength > 0))
        {
            exchange.RequestBody = stream.Reader;
            stream.Reader.Limit = Proxy.Options.Limits.Body;
        }

        _streams.Add(id, stream);
        Clock.Stop();
        if (outcome == BlockOutcome.Malformed)
        {
            stream.Answer(FaultKind.RequestInvalid, isMalformed: true);
            return;
        }

        Guard.Earn(2);
        if (fault == FaultKind.None)
        {
            stream.IsWaiting = true;
            _waiting.Add(id);
            return;
        }

        stream.Answer(fault, isMalformed: false);
    }

    /// <summary>The exchange of a stream has ended; what is left of the stream does too.</summary>
    public void Ended(Http2Stream stream)
    {
        if (!stream.Writer.HasEnded)
        {
            Reset(stream, stream.Exchange!.Fault.Kind == FaultKind.Bug ? Http2Error.InternalError : Http2Error.Cancel);
        }
        else if (!stream.Reader.HasEnded && !stream.IsReset)
        {
            // RFC 9113 section 8.1: the response is whole, and nobody wants the rest of the request.
            stream.IsReset = true;
            Remember(stream.Id);
            Output.WriteReset(stream.Id, Http2Error.NoError);
        }

        Release(stream);
        if (_streams.Count == 0)
        {
            _idleSinceMs = Loop.NowMs;
            Client.ReadsMuch = false;
            if (!IsEnding)
            {
                AwaitNext(isWhole: true);
            }

            EndIfDone();
            _allEnded?.TrySetResult();
        }
    }

    /// <summary>Resets a stream from our side; its exchange ends by itself.</summary>
    public void Reset(Http2Stream stream, Http2Error error)
    {
        if (!stream.IsReset)
        {
            var exchange = stream.Exchange;
            stream.IsReset = true;
            WriteReset(stream.Id, error, stream.Reader.HasEnded, counts: error == Http2Error.ProtocolError);
            Output.Remove(stream.Writer);
            stream.Writer.Drop();
            if (stream.Exchange == exchange)
            {
                stream.Reader.Fail(FaultKind.ClientClosed);
            }
        }
    }

    /// <summary>The client has reset a stream, or is gone: its exchange is given up, and may have ended when this returns.</summary>
    public void GiveUp(Http2Stream stream, Fault fault)
    {
        var exchange = stream.Exchange!;
        stream.IsReset = true;
        Output.Remove(stream.Writer);
        exchange.GiveUp(fault);
        if (stream.IsWaiting)
        {
            stream.Answer(FaultKind.None, isMalformed: false);
            return;
        }

        if (stream.Exchange == exchange)
        {
            stream.Writer.Drop();
        }

        if (stream.Exchange == exchange)
        {
            stream.Reader.Fail(FaultKind.ClientClosed);
        }
    }

    /// <summary>What came on a stream cannot be: it is reset, and its exchange given up.</summary>
    public void Refuse(Http2Stream stream, Http2Error error, FaultKind kind)
    {
        var exchange = stream.Exchange!;
        stream.IsReset = true;
        WriteReset(stream.Id, error, stream.Reader.HasEnded);
        if (stream.Exchange == exchange)
        {
            GiveUp(stream, new Fault(FaultSide.Client, kind));
        }
    }

    /// <summary>True where the stream was reset by lb before the client had sent all, or was left out by a GOAWAY: frames of it may still come.</summary>
    public bool WasReset(int id) => id > RefusedAfter || (_resets is not null && _resets.AsSpan(0, Math.Min(_resetCount, _resets.Length)).Contains(id));

    /// <summary>True where the client has left the number out when it opened a higher one. Of several such gaps, the last is known.</summary>
    public bool WasSkipped(int id) => id > _skippedFrom && id < _skippedTo;

    /// <summary>The client takes another amount on new streams, and on those that are open.</summary>
    /// <returns>False where a window would be larger than it can be.</returns>
    public bool TrySetInitialWindow(int window)
    {
        var more = (long)window - InitialWindow;
        InitialWindow = window;
        foreach (var stream in _streams.Values)
        {
            if (stream.Writer.Window + more > int.MaxValue)
            {
                return false;
            }

            stream.Writer.Window += (int)more;
            Output.Enqueue(stream.Writer);
        }

        return true;
    }

    /// <summary>The client has its time to take what was sent.</summary>
    public void ExpectTaking() => Clock.AwaitTaking(Proxy.Options.Timeouts.Body);

    /// <summary>It has taken it.</summary>
    public void Taken() => Clock.Taken();

    /// <summary>There is room for answers again.</summary>
    public void OnRoom()
    {
        var room = _room;
        _room = null;
        room?.SetResult();
    }

    /// <summary>A request has made an endpoint begin with what nobody waits for: with too many of them the client is told to calm down.</summary>
    public void CountReset()
    {
        if (!Guard.TakeReset(Loop.NowMs))
        {
            FailFlood();
        }
    }

    /// <summary>Nothing can be sent any more: nothing is read either, by a reader that waits for room least of all.</summary>
    public void OnBroken()
    {
        if (!_fault.Failed)
        {
            _fault = GoneFault(isHalfway: _streams.Count > 0);
        }

        GiveUpAll(new Fault(FaultSide.Client, FaultKind.ClientClosed));
        Wake();
        Client.Abort();
    }

    // What a GOAWAY names may not rise from one to the next.
    private int LastTakenId => Math.Min(LastStreamId, RefusedAfter);

    private long HeadMs => (long)Proxy.Options.Timeouts.Head.TotalMilliseconds;

    // Why a connection ended whose client has gone: by a reset, in the middle of something, or in order.
    private Fault GoneFault(bool isHalfway)
    {
        var kind = Client.ReadFault != FaultKind.None ? Client.ReadFault : isHalfway ? FaultKind.ClientClosed : FaultKind.None;
        return kind == FaultKind.None ? Fault.None : new Fault(FaultSide.Client, kind);
    }

    // A client that answers for nothing has the time of an idle one, and of a head for whatever it has begun.
    private void AwaitNext(bool isWhole)
    {
        if (_streams.Count > 0 || !_input.IsBetweenHeads)
        {
            return;
        }

        if (isWhole)
        {
            if (Clock.Awaits != ClientAct.Request)
            {
                // What it sends meanwhile is no request, and makes it no less idle.
                Clock.Await(ClientAct.Request, Math.Max(0, (long)Proxy.Options.Timeouts.Idle.TotalMilliseconds - (Loop.NowMs - _idleSinceMs)));
            }
        }
        else if (Clock.Awaits != ClientAct.Head)
        {
            Clock.Await(ClientAct.Head, HeadMs);
        }
    }

    // Whoever takes requests back in the same breath has made nobody work for them: an endpoint least of all. Those that are left waiting, because
    // the client has gone or the connection ends, are given up with all others.
    private void AnswerWaiting(bool isGone)
    {
        foreach (var id in _waiting)
        {
            if (!isGone && !IsEnding && _streams.TryGetValue(id, out var stream) && stream.IsWaiting)
            {
                stream.Answer(FaultKind.None, isMalformed: false);
            }
        }

        _waiting.Clear();
    }

    private void WriteSettings()
    {
        var limits = Proxy.Options.Limits;
        Span<byte> settings = stackalloc byte[4 * Http2Input.SettingBytes];
        Http2Input.WriteSetting(settings, SettingId.MaxConcurrentStreams, limits.Streams);
        Http2Input.WriteSetting(settings[Http2Input.SettingBytes..], SettingId.MaxHeaderListSize, (int)limits.Head);
        Http2Input.WriteSetting(settings[(2 * Http2Input.SettingBytes)..], SettingId.EnableConnectProtocol, 1);
        Http2Input.WriteSetting(settings[(3 * Http2Input.SettingBytes)..], SettingId.EnablePush, 0);
        Output.WriteFrame(FrameKind.Settings, FrameFlags.None, 0, settings[..(3 * Http2Input.SettingBytes)]);
        Output.Credit(Http2Output.ReceiveWindow - Http2BodyReader.Window);
    }

    private void WriteReset(int id, Http2Error error, bool hasEnded, bool counts = true)
    {
        if (!hasEnded)
        {
            Remember(id);
        }

        Output.WriteReset(id, error);
        if (counts)
        {
            CountReset();
        }
    }

    private void Remember(int id)
    {
        _resets ??= new int[Math.Max(LeastResets, 2 * Proxy.Options.Limits.Streams)];
        _resets[_resetCount++ % _resets.Length] = id;
    }

    private void Release(Http2Stream stream)
    {
        var loop = Proxy.Engine.On(Loop);
        _streams.Remove(stream.Id);
        Output.Remove(stream.Writer);
        var exchange = stream.Exchange!;
        loop.Return(stream);
        loop.Exchanges.Return(exchange);
    }

    // Whoever is given up may end at once and leave the table: so a copy.
    private void GiveUpAll(Fault fault)
    {
        if (_streams.Count > 0)
        {
            foreach (var stream in _streams.Values.ToArray())
            {
                if (stream.Session == this)
                {
                    GiveUp(stream, fault);
                }
            }
        }
    }

    private Task AllEndedAsync()
    {
        if (_streams.Count == 0)
        {
            return Task.CompletedTask;
        }

        _allEnded = new TaskCompletionSource();
        return _allEnded.Task;
    }

    private Task RoomAsync()
    {
        _room = new TaskCompletionSource();
        return _room.Task;
    }

    private void EndIfDone()
    {
        if (_streams.Count == 0 && RefusedAfter != int.MaxValue && !IsEnding)
        {
            Wake();
        }
    }

    // The reader hears of the end: at once where it waits for frames or for room, else when it has taken the one at hand.
    private void Wake()
    {
        IsEnding = true;
        if (!_isTaking)
        {
            Client.Transport.Input.CancelPendingRead();
            OnRoom();
        }
    }

    private void OnFarewell()
    {
        if (Output.IsFlushing)
        {
            // What it was sent before is not taken yet, so it has not heard; whoever takes nothing at all is given up for that.
            _farewell.Set(FarewellMs);
        }
        else
        {
            Refuse();
        }
    }

    private async ValueTask LingerAsync()
    {
        Client.Transport.Output.Complete();
        Clock.Await(ClientAct.Close, LingerMs);
        var input = Client.Transport.Input;
        while (!_stopped.Failed)
        {
            var read = await input.ReadAsync();
            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted || Clock.Awaits != ClientAct.Close)
            {
                return;
            }
        }
    }

    private void OnLate()
    {
        var awaited = Clock.Awaits;
        Clock.Stop();
        switch (awaited)
        {
            case ClientAct.Close:
                Client.Transport.Input.CancelPendingRead();
                break;
            case ClientAct.Head:
                Fail(Http2Error.NoError, FaultKind.HeadTimeout);
                break;
            default:
                Output.WriteGoAway(LastTakenId, Http2Error.NoError);
                Wake();
                break;
        }
    }

    private void OnStalled()
    {
        _fault = new Fault(FaultSide.Client, FaultKind.ClientStalled);
        GiveUpAll(new Fault(FaultSide.Client, FaultKind.ClientStalled));
        Client.Abort();
    }
}
