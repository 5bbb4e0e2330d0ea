using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// A connection to an endpoint that speaks HTTP/1.1: in use by one exchange, or idle in its <see cref="UpstreamPool"/>. Touched only on its loop.
/// </summary>
/// <remarks>
/// An idle one is watched: bytes that nobody asked for, the end of the stream and an error all mean that it is not used again (RFC 9112
/// section 9.5), and it is closed at once.
/// </remarks>
internal sealed class UpstreamConnection : AttemptCarrier, IReadinessObserver
{
    private readonly EpollConnection _connection;
    private readonly UpstreamPool _pool;
    private readonly Http1BodyReader _responseBody = new();
    private readonly Http1BodyWriter _requestBody = new();
    private bool _wasUsed;
    private bool _endsByClose;
    private bool _closed;

    /// <summary>One around a connection, which it owns.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="pool">Whose it is.</param>
    /// <param name="tls">What its TLS was agreed on with; null for none.</param>
    public UpstreamConnection(EpollConnection connection, UpstreamPool pool, TlsOrigination? tls)
        : base(connection.Loop)
    {
        (_pool, Tls) = (pool, tls);
        _connection = connection;
        _connection.Observe();

        // A response's head says how much follows, and by then as much of it has come as fits: a large block costs no more than a small one.
        _connection.ReadsMuch = true;
        _connection.PutsOffSends = true;
        pool.Opened();
    }

    /// <summary>What its TLS was agreed on with; null for none.</summary>
    public TlsOrigination? Tls { get; }

    /// <summary>What the endpoint sends.</summary>
    public PipeReader Input => _connection.Transport.Input;

    /// <summary>What it is sent.</summary>
    public PipeWriter Output => _connection.Transport.Output;

    /// <inheritdoc/>
    public override BodyReader ResponseBody => _responseBody;

    /// <inheritdoc/>
    public override BodyWriter RequestBody => _requestBody;

    /// <inheritdoc/>
    public override bool WasUsed => _wasUsed;

    /// <summary>When it became idle, in the loop's milliseconds.</summary>
    public long IdleSinceMs { get; private set; }

    /// <inheritdoc/>
    public override bool WasReset => _connection.ReadFault != FaultKind.None;

    /// <inheritdoc/>
    public override bool WasCutOff => _endsByClose && _connection.Cipher is TlsSession { IsTruncated: true };

    /// <summary>The way back to the client of a tunnel: it ends with this, whatever is under way on it. Null for anything else.</summary>
    public ResponseCarrier? Tunnel { get; set; }

    internal bool IsParked { get; set; }

    internal UpstreamConnection? Older { get; set; }

    internal UpstreamConnection? Newer { get; set; }

    /// <inheritdoc/>
    protected override bool IsClosed => _closed;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public override async ValueTask<Fault> AskAsync(Exchange exchange, ForwardWork work, Attempt attempt, UpstreamOptions options, TimeProvider time)
    {
        // :: (4)
        if (options.SendProxyProtocol is { } version && _connection.Cipher is null)
        {
            ProxyPreamble.Write(Output, version, exchange);
        }

        var request = exchange.Request;
        WriteHead(Output, exchange);
        Expect(options.Timeouts.FirstByte, FaultKind.FirstByteTimeout);
        if (exchange.RequestBody is null)
        {
            await Output.FlushAsync();
        }
        else
        {
            _requestBody.Start(Output, exchange.Request.Framing, exchange.Request.ContentLength);
            work.AwaitsContinue = request.ExpectsContinue && exchange.RequestBody.BytesRead == 0;
            work.BeginUpload(BodyCopier.UploadAsync(exchange, work, this, options.Timeouts, time));
        }

        // :: (5)
        var scan = default(HeadScan);
        var (interim, begun) = (0, false);
        while (true)
        {
            if (!Input.TryRead(out var read))
            {
                read = await Input.ReadAsync();
            }

            if (attempt.GaveUp.Failed)
            {
                return attempt.GaveUp;
            }

            if (read.Buffer.IsEmpty && read.IsCompleted)
            {
                return Ended();
            }

            if (attempt.FirstByte == 0)
            {
                attempt.Begins(time.GetTimestamp());
            }

            var status = HeadParser.TryReadResponse(read.Buffer, attempt.Response, exchange.Request.Method, HeadLimits.Default, ref scan, out var consumed, out var kind);
            if (status == HeadStatus.Failed)
            {
                return new Fault(FaultSide.Upstream, kind);
            }

            if (status == HeadStatus.Incomplete)
            {
                Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                _connection.Condense();
                if (read.IsCompleted)
                {
                    return Ended();
                }

                if (!begun)
                {
                    // For all that is left of it: who sends a byte now and then has no end (trap 22).
                    begun = true;
                    Expect(options.Timeouts.BetweenBytes, FaultKind.BetweenBytesTimeout);
                }

                continue;
            }

            Input.AdvanceTo(consumed);
            if (attempt.Response.Status >= 200 || attempt.Response.Status == 101)
            {
                work.IsAnswered = true;
                return Fault.None;
            }

            var fault = await PassInterimAsync(exchange, work, attempt, options, ++interim);
            if (fault.Failed)
            {
                return fault;
            }

            scan = default;
            begun = false;
        }
    }

    /// <summary>Writes the head of the request as its endpoint gets it.</summary>
    public static void WriteHead(PipeWriter output, Exchange exchange)
    {
        var request = exchange.Request;
        var query = exchange.ForwardedQuerySlice is { } rewritten ? rewritten.Of(request.Fields) : request.Query;
        HeadWriter.WriteRequest(
            output, request, exchange.ForwardedPath, query, hasQuery: exchange.ForwardedQuerySlice is null && request.HasQuery,
            request.Framing, request.ContentLength, request.WantsWebSocket ? ConnectionOption.WebSocket : ConnectionOption.None);
    }

    /// <inheritdoc/>
    public override bool IsEarly(ResponseHead head) => !head.KeepsAlive || head.Framing switch
    {
        BodyFraming.None or BodyFraming.Close => true,
        BodyFraming.Length => head.ContentLength <= EventLoop.ScratchBytes,
        BodyFraming.Chunked => HasLastChunk(),
        _ => false,
    };

    /// <inheritdoc/>
    public override void StartResponseBody(ResponseHead head)
    {
        _endsByClose = head.Framing == BodyFraming.Close;
        _responseBody.Start(Input, head.Framing, head.ContentLength, ofRequest: false);
    }

    /// <inheritdoc/>
    public override ValueTask GatherAsync() =>
        _responseBody.RemainingBytes is > 0 and <= BodyCopier.MostUnflushed && _connection.Buffered < _responseBody.RemainingBytes ? GatherMoreAsync() : default;

    /// <inheritdoc/>
    public override void Park(TimeSpan idleAtMost, bool keepsAlive)
    {
        if (!keepsAlive || _closed || _connection.TryTakeSocket() is not { } socket || socket.HasNews())
        {
            Close();
            return;
        }

        _wasUsed = true;
        IdleSinceMs = socket.Loop.NowMs;
        socket.Observe(this);
        Expect(idleAtMost, FaultKind.None);
        _pool.Park(this);
        if (_pool.Room.IsWanted)
        {
            Close();
        }
    }

    /// <inheritdoc/>
    public override void Close()
    {
        if (!_closed)
        {
            _closed = true;
            EndDeadline();
            _connection.Close();
            _pool.Closed(this);
        }

        Input.Complete();
        Output.Complete();
    }

    /// <inheritdoc/>
    public override void Abort()
    {
        if (!_closed)
        {
            _closed = true;
            EndDeadline();
            _connection.Abort();
            _pool.Closed(this);
            Tunnel?.Break();
        }
    }

    /// <summary>It leaves the pool to be used.</summary>
    internal void Wake()
    {
        Relax();
        _connection.Observe();
    }

    void IReadinessObserver.OnReady(EpollSocket socket)
    {
        if (socket.HasError || socket.HasNews())
        {
            Close();
        }
    }

    void IReadinessObserver.OnUnhandledError(EpollSocket socket) => Abort();

    /// <summary>True where a chunked body is there to its end, as it looks. Reads nothing.</summary>
    private bool HasLastChunk()
    {
        if (!Input.TryRead(out var read))
        {
            return false;
        }

        Span<byte> end = stackalloc byte[5];
        var isLast = read.Buffer.Length >= end.Length;
        if (isLast)
        {
            read.Buffer.Slice(read.Buffer.Length - end.Length).CopyTo(end);
            isLast = end.SequenceEqual("0\r\n\r\n"u8);
        }

        Input.AdvanceTo(read.Buffer.Start);
        return isLast;
    }

    // The rest is most often a moment away: others go first, and then it is one write and not two. Whatever is there then is sent.
    [AsyncMethodBuilder(typeof(LoopMethodBuilder))]
    private async ValueTask GatherMoreAsync()
    {
        await _connection.Loop.Yield();
        _connection.ReadMore();
    }

    /// <inheritdoc/>
    protected override void OnLate(FaultKind fault)
    {
        if (IsParked)
        {
            Close();
        }
        else
        {
            TimedOut = fault;
            Abort();
        }
    }
}
