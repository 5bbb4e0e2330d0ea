using System.IO.Pipelines;
using System.Net;
using LoadBalancer.Faults;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A connection of either side: a socket with pipes around it, which are made when somebody asks for them. Whoever only
/// moves bytes takes the socket instead (<see cref="TryTakeSocket"/>). Touched only on its loop.
/// </summary>
/// <remarks>
/// A consumer with threads of its own, such as Kestrel, gets a <see cref="MarshaledConnection"/> around it.
/// <see cref="BaseConnectionContext.ConnectionClosed"/> is not set here: half-close is not closed, and a reset is told by
/// <see cref="ReadFault"/>.
/// </remarks>
internal sealed class EpollConnection : ConnectionContext, IDuplexPipe, IReadinessObserver
{
    private static long _lastId;

    private readonly EpollSocket _socket;
    private LoopPipeReader? _reader;
    private LoopPipeWriter? _writer;
    private IDuplexPipe? _transport;
    private IFeatureCollection? _features;
    private IDictionary<object, object?>? _items;
    private string? _id;
    private SocketPeek? _peek;

    /// <summary>A connection around <paramref name="socket"/>, which it owns.</summary>
    /// <param name="socket">A connected socket.</param>
    /// <param name="remote">The peer's address; null where it has none (an unnamed Unix socket).</param>
    public EpollConnection(EpollSocket socket, EndPoint? remote)
    {
        _socket = socket;
        RemoteEndPoint = remote;
    }

    /// <summary>The loop that it lives on.</summary>
    public EventLoop Loop => _socket.Loop;

    /// <summary>Why reading ended, if not by the peer's end of stream.</summary>
    public FaultKind ReadFault => _reader?.Fault ?? FaultKind.None;

    /// <summary>What encrypts it; null where nothing does.</summary>
    public SocketCipher? Cipher => _socket.Cipher;

    /// <summary>The TLVs that a PROXY header told of it, each with its type and length; null where there are none.</summary>
    public byte[]? ProxyTlvs { get; set; }

    /// <summary>Who is at the other end of a Unix socket; null for any other.</summary>
    public PeerCredentials? PeerCredentials => _socket.PeerCredentials();

    /// <summary>Called once when the connection is disposed or aborted, on its loop.</summary>
    public Action<EpollConnection>? OnClosed { get; set; }

    /// <summary>Who hears of the end of the peer while nobody reads; null is nobody.</summary>
    public IHangupObserver? HangupObserver { get; set; }

    /// <summary>True where much is to come from the peer: each read then takes as much as <see cref="EventLoop.ScratchBytes"/>.</summary>
    public bool ReadsMuch
    {
        get => Reader.ReadsMuch;
        set => Reader.ReadsMuch = value;
    }

    /// <summary>True where little that is flushed may be sent a moment later, see <see cref="LoopPipeWriter.PutsOff"/>.</summary>
    public bool PutsOffSends
    {
        get => Writer.PutsOff;
        set => Writer.PutsOff = value;
    }

    /// <summary>True where a flush has completed whose bytes are still to be sent.</summary>
    public bool OwesBytes => _writer is { Owes: true };

    /// <summary>How many bytes of the peer's are there to be read without asking the socket.</summary>
    public long Buffered => _reader?.Buffered ?? 0;

    /// <summary>Asks the socket for more although some is there that nobody has looked at; true where more came, or the end.</summary>
    public bool ReadMore() => Reader.ReadMore();

    /// <summary>Keeps what was read and not taken in little memory, see <see cref="LoopPipeReader.Condense"/>.</summary>
    public void Condense() => _reader?.Condense();

    /// <summary>True once the peer has sent its last byte, be it read or not.</summary>
    public bool HasPeerFinished => _socket.HasPeerFinished;

    /// <summary>True where bytes, the end or an error may be read at once: something that nobody asked for, where the connection lies idle.</summary>
    public bool IsReadable => _socket.IsReadable || _reader is { IsIdle: false };

    /// <inheritdoc/>
    public override string ConnectionId
    {
        get => _id ??= Interlocked.Increment(ref _lastId).ToString("x8", System.Globalization.CultureInfo.InvariantCulture);
        set => _id = value;
    }

    /// <inheritdoc/>
    public override IFeatureCollection Features => _features ??= new FeatureCollection();

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items
    {
        get => _items ??= new Dictionary<object, object?>();
        set => _items = value;
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint
    {
        get => base.LocalEndPoint ??= _socket.LocalAddress();
        set => base.LocalEndPoint = value;
    }

    /// <inheritdoc/>
    public override IDuplexPipe Transport
    {
        get => _transport ?? this;
        set => _transport = value;
    }

    PipeReader IDuplexPipe.Input => Reader;

    PipeWriter IDuplexPipe.Output => Writer;

    private LoopPipeReader Reader => _reader ??= new LoopPipeReader(_socket);

    private LoopPipeWriter Writer => _writer ??= new LoopPipeWriter(_socket);

    /// <summary>
    /// The bare socket, where nobody has wrapped the transport and no byte is buffered in it; null otherwise. The
    /// connection still closes it in the end.
    /// </summary>
    public EpollSocket? TryTakeSocket()
    {
        _writer?.SendFlushed();
        return _transport is null && _reader is not { IsIdle: false } && _writer is not { IsIdle: false } ? _socket : null;
    }

    /// <summary>
    /// Begins to look at the first bytes without taking them. One look at a time, over before anybody else reads: disposing
    /// of it ends it. A connection that is closed meanwhile ends it too.
    /// </summary>
    /// <param name="most">How many bytes at most; within <see cref="EventLoop.ScratchBytes"/>.</param>
    /// <param name="timeout">How long it may wait, all in all.</param>
    /// <exception cref="InvalidOperationException">Somebody reads already.</exception>
    public SocketPeek Peek(int most, TimeSpan timeout)
    {
        if (_peek is not null || TryTakeSocket() is not { } socket)
        {
            throw new InvalidOperationException("the connection is being read already");
        }

        return _peek = new SocketPeek(this, socket, most, timeout);
    }

    /// <summary>The look is over.</summary>
    internal void EndPeek() => _peek = null;

    /// <summary>Starts to hear of the socket's readiness; what it said before is looked at with the first read or write.</summary>
    public void Observe() => _socket.Observe(this);

    /// <summary>Closes with RST at once. A pending read or flush completes. May be called again.</summary>
    public override void Abort(ConnectionAbortedException abortReason) => Abort();

    /// <inheritdoc cref="Abort(ConnectionAbortedException)"/>
    public override void Abort()
    {
        _writer?.SendFlushed();
        _socket.Reset();
        Closed();
    }

    /// <summary>Closes: what was sent is still delivered by the kernel. A pending read or flush completes. May be called again.</summary>
    public void Close()
    {
        _writer?.SendFlushed();
        _socket.Close();
        Closed();
    }

    /// <inheritdoc cref="Close"/>
    public override ValueTask DisposeAsync()
    {
        Close();
        return base.DisposeAsync();
    }

    void IReadinessObserver.OnReady(EpollSocket socket)
    {
        _writer?.OnReady();
        _reader?.OnReady();
        if (HangupObserver is { } observer && (socket.HasPeerFinished || socket.IsBroken))
        {
            observer.OnHangup(socket.IsBroken);
        }
    }

    void IReadinessObserver.OnUnhandledError(EpollSocket socket) => Abort();

    private void Closed()
    {
        var onClosed = OnClosed;
        OnClosed = null;
        _writer?.End(FaultKind.Reset);
        _reader?.End(FaultKind.Reset);
        _peek?.End();
        onClosed?.Invoke(this);
    }
}
