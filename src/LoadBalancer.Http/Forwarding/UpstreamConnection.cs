using System.Buffers;
using System.IO.Pipelines;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// A connection to an endpoint that speaks HTTP/1.1: in use by one exchange, or idle in its <see cref="UpstreamPool"/>. Touched only on its loop.
/// </summary>
/// <remarks>
/// An idle one is watched: bytes that nobody asked for, the end of the stream and an error all mean that it is not used again (RFC 9112
/// section 9.5), and it is closed at once.
/// </remarks>
internal sealed class UpstreamConnection : IReadinessObserver
{
    private readonly EpollConnection _connection;
    private readonly UpstreamPool _pool;
    private readonly LoopDeadline _deadline;
    private FaultKind _onDeadline;
    private bool _closed;

    /// <summary>One around a connection, which it owns.</summary>
    public UpstreamConnection(EpollConnection connection, UpstreamPool pool)
    {
        _pool = pool;
        _connection = connection;
        _connection.Observe();

        // A response's head says how much follows, and by then as much of it has come as fits: a large block costs no more than a small one.
        _connection.ReadsMuch = true;
        _deadline = new LoopDeadline(connection.Loop, static owner => ((UpstreamConnection)owner).OnDeadline(), this);
        pool.Opened();
    }

    /// <summary>What the endpoint sends.</summary>
    public PipeReader Input => _connection.Transport.Input;

    /// <summary>What it is sent.</summary>
    public PipeWriter Output => _connection.Transport.Output;

    /// <summary>The body of the response.</summary>
    public Http1BodyReader ResponseBody { get; } = new();

    /// <summary>The body of the request.</summary>
    public Http1BodyWriter RequestBody { get; } = new();

    /// <summary>The connection itself, for a tunnel.</summary>
    public EpollConnection Connection => _connection;

    /// <summary>True where it has served a request before: then the endpoint may have closed it meanwhile.</summary>
    public bool WasUsed { get; private set; }

    /// <summary>When it became idle, in the loop's milliseconds.</summary>
    public long IdleSinceMs { get; private set; }

    /// <summary>Which deadline ended it; <see cref="FaultKind.None"/> where none did.</summary>
    public FaultKind TimedOut { get; private set; }

    /// <summary>True where the connection was reset, rather than closed in order.</summary>
    public bool WasReset => _connection.ReadFault != FaultKind.None;

    /// <summary>The way back to the client of a tunnel: it ends with this, whatever is under way on it. Null for anything else.</summary>
    public ResponseCarrier? Tunnel { get; set; }

    internal bool IsParked { get; set; }

    internal UpstreamConnection? Older { get; set; }

    internal UpstreamConnection? Newer { get; set; }

    /// <summary>Ends the connection with <paramref name="fault"/> unless <see cref="Relax"/> or another call comes within <paramref name="time"/>.</summary>
    public void Expect(TimeSpan time, FaultKind fault)
    {
        if (!_closed)
        {
            _onDeadline = fault;
            _deadline.Set(time);
        }
    }

    /// <summary>Nothing is expected of the endpoint.</summary>
    public void Relax() => _deadline.Clear();

    /// <summary>True where a chunked body is there to its end, as it looks. Reads nothing.</summary>
    public bool HasLastChunk()
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

    /// <summary>Gives it back for another request; it is closed where it is not fit for one.</summary>
    public void Park(TimeSpan idleAtMost)
    {
        if (_closed || _connection.TryTakeSocket() is not { IsReadable: false } socket)
        {
            Close();
            return;
        }

        WasUsed = true;
        IdleSinceMs = socket.Loop.NowMs;
        socket.Observe(this);
        Expect(idleAtMost, FaultKind.None);
        _pool.Park(this);
    }

    /// <summary>Closes it: what was sent is still delivered. Nobody reads or writes it any more; it may have been broken off before.</summary>
    public void Close()
    {
        if (!_closed)
        {
            _closed = true;
            _deadline.End();
            _pool.Closed(this);
            _connection.Close();
        }

        Input.Complete();
        Output.Complete();
    }

    /// <summary>Breaks it off; a pending read or flush completes.</summary>
    public void Abort()
    {
        if (!_closed)
        {
            _closed = true;
            _deadline.End();
            _pool.Closed(this);
            _connection.Abort();
            Tunnel?.Break();
        }
    }

    /// <summary>It leaves the pool to be used.</summary>
    internal void Wake()
    {
        _deadline.Clear();
        _connection.Observe();
    }

    void IReadinessObserver.OnReady(EpollSocket socket)
    {
        if (socket.IsReadable || socket.HasError)
        {
            Close();
        }
    }

    void IReadinessObserver.OnUnhandledError(EpollSocket socket) => Abort();

    private void OnDeadline()
    {
        if (IsParked)
        {
            Close();
        }
        else
        {
            TimedOut = _onDeadline;
            Abort();
        }
    }
}
