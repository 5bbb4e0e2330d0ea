using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>
/// HTTP/1.x on a client's connection: one exchange after another, each under the configuration that is in force when
/// its head is there. Touched only on its loop.
/// </summary>
/// <remarks>
/// <code>
///   served ─► (3) head ─► (4) exchange ─► (5) rest of its body ─┐
///              ▲  │ idle, gone, too slow                        │ (6) linger ─► ended
///              │  └───────────────────────────────────────────► │ ─────────────► ▲
///              └────────────────────────────────────────────────┘ kept alive
/// </code>
/// While a request is being answered its client is watched: one that goes away, be it by closing only its half, ends the exchange (499), as
/// with every proxy that does not pass half-closed connections on.
/// </remarks>
internal sealed class Http1Session : HttpSession
{
    /// <summary>How long a client may take to read the last response and to close, before it is closed with what it still sends unread.</summary>
    private const long LingerMs = 2_000;

    /// <summary>How long an idle connection is still served after its listener began to end.</summary>
    private const long FarewellMs = 1_000;

    /// <summary>How much of the preface of HTTP/2 tells it from a request: its first line.</summary>
    private const int FirstLineOfPreface = 16;

    /// <summary>A body that is longer is read in large blocks.</summary>
    private const long MuchBytes = 16 * 1024;

    private readonly Live<HttpProxy> _latest;
    private HttpProxy _proxy;
    private Http1Carrier? _carrier;
    private Fault _stopped;
    private bool _late;
    private bool _bodyIsWhole;

    /// <summary>What <paramref name="connection"/> speaks, which was accepted under <paramref name="proxy"/>.</summary>
    public Http1Session(ClientConnection connection, HttpProxy proxy)
        : base(connection)
    {
        _proxy = proxy;
        _latest = proxy.Latest;
        Clock = new ClientClock(Loop, this, static owner => ((Http1Session)owner).OnLate(), static owner => ((Http1Session)owner).OnStalled());
    }

    /// <summary>The client's time.</summary>
    public ClientClock Clock { get; }

    /// <summary>What it is sent.</summary>
    public PipeWriter Output => Client.Transport.Output;

    /// <summary>True where the client began with the preface of HTTP/2, of which nothing was taken: another session serves it.</summary>
    public bool IsHttp2 { get; private set; }

    /// <summary>The exchange at hand; null between two.</summary>
    public Exchange? Exchange { get; private set; }

    /// <summary>True where no further request is taken.</summary>
    public bool IsFinishing => Connection.IsFinishing;

    /// <inheritdoc/>
    public override void Each(Action<Exchange> action)
    {
        if (Exchange is not null)
        {
            action(Exchange);
        }
    }

    /// <inheritdoc/>
    public override void Finish()
    {
        if (Clock.Awaits == ClientAct.Request)
        {
            // One that has just sent a request must not find its connection reset: it is served, and told to close.
            Clock.Await(ClientAct.Request, FarewellMs);
        }
    }

    /// <inheritdoc/>
    public override void Stop(Fault fault)
    {
        _stopped = fault;
        Exchange?.GiveUp(fault);
    }

    /// <inheritdoc/>
    public override void OnHangup(bool broken)
    {
        // The end of one half of a WebSocket is passed on to the endpoint, which may have something to say still.
        var isTunnel = _carrier is { IsTakenOver: true };
        if (broken || !isTunnel)
        {
            Exchange?.GiveUp(new Fault(FaultSide.Client, isTunnel ? FaultKind.Reset : FaultKind.ClientClosed));
        }
    }

    /// <inheritdoc/>
    public override void End()
    {
        if (Exchange is not null)
        {
            Release();
        }

        Clock.End();
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public override async ValueTask<Fault> ServeAsync()
    {
        var input = Client.Transport.Input;
        for (var served = 0L; ; served++)
        {
            // :: (3)
            var scan = default(HeadScan);
            var kind = FaultKind.None;
            var began = 0L;
            var patience = served == 0 ? _proxy.Options.Timeouts.Head : _proxy.Options.Timeouts.Idle;
            Clock.Await(ClientAct.Request, IsFinishing ? FarewellMs : (long)patience.TotalMilliseconds);
            while (Exchange is null)
            {
                if (!input.TryRead(out var read))
                {
                    read = await input.ReadAsync();
                }

                var begun = HasBegun(read.Buffer);
                if (_stopped.Failed || (!begun && (read.IsCompleted || _late)))
                {
                    if (Client.OwesBytes && !_stopped.Failed)
                    {
                        await SendRestAsync();
                    }

                    return Client.ReadFault == FaultKind.None ? Fault.None : new Fault(FaultSide.Client, Client.ReadFault);
                }

                if (served == 0 && _proxy.SpeaksHttp2 && IsPreface(read.Buffer))
                {
                    input.AdvanceTo(read.Buffer.Start);
                    IsHttp2 = true;
                    return Fault.None;
                }

                if (began == 0 && begun)
                {
                    // What was pipelined begins with its turn and not with its bytes: the time before is that of the requests before it.
                    began = _proxy.Time.GetTimestamp();
                }

                if (!TryBegin(read, began, ref scan, out var consumed, out kind))
                {
                    input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    Client.Condense();
                    if (read.IsCompleted)
                    {
                        return new Fault(FaultSide.Client, FaultKind.ClientClosed);
                    }

                    if (Clock.Awaits == ClientAct.Request && begun)
                    {
                        Clock.Await(ClientAct.Head, (long)_proxy.Options.Timeouts.Head.TotalMilliseconds);
                    }

                    continue;
                }

                input.AdvanceTo(consumed);
            }

            // :: (4)
            Clock.Stop();
            await _proxy.AnswerAsync(Exchange, kind);

            // :: (5)
            var goesOn = _carrier is { KeepsAlive: true, IsTakenOver: false, IsAborted: false }
                && Exchange.GivenUp.Kind is FaultKind.None or FaultKind.ExchangeTimeout && await SkipBodyAsync(Exchange);
            var (aborted, taken) = (_carrier!.IsAborted && _carrier.EndsByClosing, _carrier.IsTakenOver);
            var fault = Exchange.Fault;
            _bodyIsWhole = Exchange.RequestBody is null or { IsAtEnd: true };
            Release();
            if (!goesOn)
            {
                // :: (6)
                if (aborted || _stopped.Failed)
                {
                    Client.Abort();
                }
                else if (!taken)
                {
                    await LingerAsync(input);
                }

                return fault.Kind is FaultKind.ClientClosed or FaultKind.Bug || fault is { Side: FaultSide.Client, Kind: FaultKind.Reset } ? fault : Fault.None;
            }
        }
    }

    /// <summary>False for the empty line that some clients send behind a body: it is skipped, and no request follows from it (RFC 9112 section 2.2).</summary>
    private static bool HasBegun(in ReadOnlySequence<byte> buffer) =>
        !buffer.IsEmpty && (buffer.FirstSpan[0] != '\r' || buffer.Length > 2 || buffer.FirstSpan is [_, not (byte)'\n']);

    /// <summary>Looks for a head in what was read; true where the exchange has begun, be it with a head that is refused.</summary>
    private bool TryBegin(in ReadResult read, long began, ref HeadScan scan, out SequencePosition consumed, out FaultKind fault)
    {
        _proxy = _latest.Current;
        var loop = _proxy.Engine.On(Loop);
        var exchange = loop.Exchanges.Rent();
        consumed = read.Buffer.End;
        fault = FaultKind.HeadTimeout;
        if (!_late)
        {
            var status = HeadParser.TryReadRequest(read.Buffer, exchange.Request, _proxy.HeadLimits, ref scan, out consumed, out fault);
            if (status == HeadStatus.Incomplete)
            {
                loop.Exchanges.Return(exchange);
                return false;
            }
        }

        exchange.Began = began;
        exchange.Proxy = _proxy;
        exchange.Peer = Client.RemoteEndPoint;
        exchange.Local = Client.LocalEndPoint;
        exchange.Tls = Connection.Tls;
        exchange.IsSecure = exchange.Tls is not null;
        exchange.MustClose = fault != FaultKind.None;
        exchange.Carrier = _carrier = loop.RentCarrier();
        _carrier.Begin(this);
        var request = exchange.Request;
        if (fault == FaultKind.None && (request.Framing == BodyFraming.Chunked || request.ContentLength > 0))
        {
            _carrier.RequestBody.Start(Client.Transport.Input, request.Framing, request.ContentLength, ofRequest: true);
            _carrier.RequestBody.Limit = _proxy.Options.Limits.Body;
            exchange.RequestBody = _carrier.RequestBody;
            Client.ReadsMuch = request.Framing == BodyFraming.Chunked || request.ContentLength > MuchBytes;
        }

        Exchange = exchange;
        return true;
    }

    // Its first line, which as a request of HTTP/1.1 has a version that is not spoken.
    private static bool IsPreface(in ReadOnlySequence<byte> buffer)
    {
        var line = Http2Input.Preface[..FirstLineOfPreface];
        if (buffer.Length < line.Length || buffer.FirstSpan[0] != line[0])
        {
            return false;
        }

        Span<byte> start = stackalloc byte[FirstLineOfPreface];
        buffer.Slice(0, line.Length).CopyTo(start);
        return start.SequenceEqual(line);
    }

    private void Release()
    {
        var loop = _proxy.Engine.On(Loop);
        Clock.Stop();
        Client.ReadsMuch = false;
        loop.Return(_carrier!);
        loop.Exchanges.Return(Exchange!);
        Exchange = null;
        _carrier = null;
    }

    /// <summary>Reads away what is left of the request's body, as long as it is not too much; false where the connection cannot be used again.</summary>
    private ValueTask<bool> SkipBodyAsync(Exchange exchange) => exchange.RequestBody is { IsAtEnd: false } ? SkipRestAsync(exchange) : new(true);

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<bool> SkipRestAsync(Exchange exchange)
    {
        var from = exchange.RequestBody!.BytesRead;
        while (exchange.RequestBody is { IsAtEnd: false } body)
        {
            if (!body.TryRead(out var part))
            {
                Clock.AwaitBody(body, exchange.Proxy.Options);
                part = await body.ReadAsync();
                Clock.BodyCame();
            }

            if (part.Fault != FaultKind.None || exchange.GivenUp.Failed || body.BytesRead - from > Http1Carrier.MostLeftOver)
            {
                return false;
            }

            body.Advance();
        }

        return true;
    }

    // A client that is slow to take the last response has its time for that, be the connection idle otherwise.
    private async ValueTask SendRestAsync()
    {
        Client.PutsOffSends = false;
        Clock.AwaitTaking(_proxy.Options.Timeouts.Body);
        await Output.FlushAsync();
        Clock.Taken();
    }

    /// <summary>
    /// Closes our half, and reads until the client closes its own: closing with bytes unread would reset the connection, and the client might
    /// lose a response that it has not read yet (RFC 9112 section 9.6).
    /// </summary>
    private async ValueTask LingerAsync(PipeReader input)
    {
        if (!Client.IsReadable && (Client.HasPeerFinished || _bodyIsWhole))
        {
            return;
        }

        Output.Complete();
        _late = false;
        Clock.Await(ClientAct.Close, LingerMs);
        while (true)
        {
            var read = await input.ReadAsync();
            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted || _late || _stopped.Failed)
            {
                return;
            }
        }
    }

    private void OnLate()
    {
        if (Clock.Awaits == ClientAct.Body)
        {
            Exchange?.GiveUp(new Fault(FaultSide.Client, FaultKind.BodyTimeout));
            Exchange?.RequestBody?.Cancel();
        }
        else
        {
            _late = true;
            Client.Transport.Input.CancelPendingRead();
        }
    }

    private void OnStalled()
    {
        Exchange?.GiveUp(new Fault(FaultSide.Client, FaultKind.ClientStalled));
        Client.Abort();
    }
}
