using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tls;

/// <summary>
/// One handshake with a deadline, on the loop of its socket: until it is over nobody else hears of the socket. Its end attaches the session
/// to the socket, and whoever moves bytes after it moves plain ones. Touched only on its loop.
/// </summary>
internal sealed class TlsHandshake : IReadinessObserver, IValueTaskSource<Fault>
{
    private readonly EpollSocket _socket;
    private readonly TlsSession _session;
    private readonly FaultSide _peer;
    private readonly HandshakePace _pace;
    private readonly LoopTimer _deadline;
    private ManualResetValueTaskSourceCore<Fault> _completion;
    private bool _isInLine;
    private bool _done;

    private TlsHandshake(EpollSocket socket, TlsSession session, FaultSide peer, HandshakePace pace)
    {
        _socket = socket;
        _session = session;
        _peer = peer;
        _pace = pace;
        _deadline = new LoopTimer(static owner => ((TlsHandshake)owner).BeLate(), this);
    }

    /// <summary>Who is at the other end.</summary>
    public FaultSide Peer => _peer;

    /// <summary>The one before it in the queue that it waits in; null for none.</summary>
    public TlsHandshake? Older { get; set; }

    /// <summary>The one behind it.</summary>
    public TlsHandshake? Newer { get; set; }

    /// <summary>The queue that it waits in; null for none. Its end leaves it.</summary>
    public HandshakeQueue? Queue { get; set; }

    /// <summary>True where the bound does not count it any more: it is being given up.</summary>
    public bool IsTakenOut { get; set; }

    /// <summary>The turn of the loop in which it entered <see cref="Queue"/>.</summary>
    public long BeganIn { get; set; }

    /// <summary>True once a step of it was made.</summary>
    public bool IsBegun { get; private set; }

    /// <summary>True while it waits for us and not for its peer: in the line of its <see cref="HandshakePace"/>, which sets it.</summary>
    public bool IsInLine
    {
        get => _isInLine;
        set
        {
            _isInLine = value;
            if (value)
            {
                Queue?.EnterLine();
            }
            else
            {
                Queue?.LeaveLine();
            }
        }
    }

    /// <summary>Makes the handshake of <paramref name="session"/>; completes inline on the loop, at the latest after <paramref name="timeout"/>.</summary>
    /// <param name="socket">The socket, of which nothing was read but what is not TLS.</param>
    /// <param name="session">The session; the socket's from here on, which closes it.</param>
    /// <param name="peer">Who is at the other end: whose fault it is if it fails.</param>
    /// <param name="pace">When the loop makes its steps.</param>
    /// <param name="timeout">The deadline.</param>
    /// <param name="queue">Those that it competes with for room; null where there is no bound.</param>
    public static ValueTask<Fault> StartAsync(
        EpollSocket socket, TlsSession session, FaultSide peer, HandshakePace pace, TimeSpan timeout, HandshakeQueue? queue = null)
    {
        var handshake = new TlsHandshake(socket, session, peer, pace);
        session.UnderWay = handshake;
        socket.Cipher = session;
        socket.Observe(handshake);
        socket.Loop.Schedule(handshake._deadline, timeout);
        queue?.Enter(handshake);
        if (peer == FaultSide.Upstream || socket.IsWireReadable)
        {
            handshake.OnNews();
        }

        return new ValueTask<Fault>(handshake, handshake._completion.Version);
    }

    /// <summary>Ends it, unless it has ended: the connection is closed. Whoever waits goes on inline.</summary>
    public void GiveUp() => End(new Fault(_peer, FaultKind.Reset));

    /// <summary>Ends it for a reason of its owner's, unless it has ended. Whoever waits goes on inline.</summary>
    public void GiveUp(Fault fault) => End(fault);

    /// <summary>Goes on as far as it can; for <see cref="HandshakePace"/>. Nothing where it has ended.</summary>
    public void Step()
    {
        if (_done)
        {
            return;
        }

        if (_socket.IsClosed)
        {
            End(new Fault(_peer, FaultKind.Reset));
            return;
        }

        IsBegun = true;
        switch (_session.Handshake())
        {
            case HandshakeProgress.Done:
                End(Fault.None);
                break;
            case HandshakeProgress.Failed:
                // A socket that is closed with bytes unread sends RST, which would overtake the alert.
                if (_socket.IsWireReadable)
                {
                    _socket.ReceiveWire(_socket.Loop.Scratch);
                }

                End(new Fault(_peer, _session.Failure == FaultKind.None ? FaultKind.Reset : _session.Failure, Retryable: _peer == FaultSide.Upstream));
                break;
        }
    }

    void IReadinessObserver.OnReady(EpollSocket socket) => OnNews();

    void IReadinessObserver.OnUnhandledError(EpollSocket socket) => End(new Fault(FaultSide.Internal, FaultKind.Bug));

    Fault IValueTaskSource<Fault>.GetResult(short token) => _completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<Fault>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<Fault>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    private void OnNews()
    {
        if (!_done && !_isInLine)
        {
            _pace.Step(this);
        }
    }

    // Who has sent and waits in our line is not to blame for the time that takes: an endpoint above all, which would count as a bad one. What it has
    // sent may be all that was missing, so it is looked at once; a client's is not, as a flood of them would be served in the order of its deadlines.
    private void BeLate()
    {
        var isOurs = _isInLine;
        if (isOurs && IsBegun && _peer == FaultSide.Upstream)
        {
            Step();
        }

        End(new Fault(isOurs ? FaultSide.Internal : _peer, FaultKind.HandshakeTimeout, Retryable: _peer == FaultSide.Upstream));
    }

    private void End(Fault fault)
    {
        if (!_done)
        {
            _done = true;
            _session.UnderWay = null;
            Queue?.Leave(this);
            _socket.Loop.Cancel(_deadline);
            _completion.SetResult(fault);
        }
    }
}
