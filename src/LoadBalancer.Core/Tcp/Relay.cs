using System.Threading.Tasks.Sources;
using LoadBalancer.Faults;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tcp;

/// <summary>
/// Copies between two sockets of one loop until both directions have ended: through the loop's scratch buffer, without a
/// pipe, a task or an allocation for a message. Touched only on its loop.
/// </summary>
/// <remarks>
/// <code>
///            ┌────────── up ──────────►┐
///   client ──┤                         ├── upstream
///            └◄───────── down ─────────┘
/// </code>
/// Each direction: what the last write left over goes first; nothing is read while some is left (back-pressure); the
/// end of the stream closes the other side's half (FIN for FIN) once everything before it was written. A side that was
/// reset ends its own direction at once; what it had sent before is still passed on (of a client: what finds room), then
/// the other side is reset too.
/// It ends when both directions have ended, or at a deadline; the owner closes the sockets with <see cref="Close"/>.
/// <para>
/// An early close. An endpoint whose process is wedged, or a proxy with nobody behind it, takes connections and closes
/// them with a FIN: no fault of the stream, and yet nobody was served. It is the endpoint's fault
/// (<see cref="FaultKind.EarlyClose"/>) where all of this holds: the endpoint finished first, while the client had not;
/// it had sent nothing; and it did so within <see cref="EarlyCloseMs"/> of the connect or of the client's last byte. The
/// first clause spares it the clients that connect and leave at once, as the health checks of others do. The second
/// spares it every protocol in which the server speaks, first or ever. The third spares it the end of its patience:
/// a server that closes a silent connection after some seconds, or a collector of logs that closes an idle one. What
/// remains is a client that sends what the protocol forbids to a server that then hangs up without a word; nobody can
/// tell that from a crash, so many of them may eject an endpoint, as their resets may, within <c>max_ejected</c>.
/// It is looked at once, when the endpoint's direction ends.
/// </para>
/// </remarks>
internal sealed class Relay : IReadinessObserver, IValueTaskSource<Fault>
{
    /// <summary>An endpoint that closes this soon after the connect or the client's last byte did so in answer to it.</summary>
    public const int EarlyCloseMs = 2_000;

    private readonly EventLoop _loop;
    private readonly EpollSocket _client;
    private readonly EpollSocket _upstream;
    private readonly ListenerMetrics _metrics;
    private readonly long _idleMs;
    private readonly long _halfClosedMs;
    private readonly LoopTimer _deadline;
    private RelayDirection _up;
    private RelayDirection _down;
    private ManualResetValueTaskSourceCore<Fault> _completion;
    private long _lastByteMs;
    private Fault _fault;
    private bool _closedEarly;
    private bool _done;
    private bool _continues;

    /// <summary>A relay that copies nothing before <see cref="RunAsync"/>.</summary>
    /// <param name="client">The client's socket.</param>
    /// <param name="upstream">The endpoint's socket, on the same loop.</param>
    /// <param name="timeouts">Its <see cref="TcpTimeouts.Idle"/> and <see cref="TcpTimeouts.HalfClosed"/>.</param>
    /// <param name="metrics">Where bytes are counted as they move: a session that lasts for days is seen all the time.</param>
    public Relay(EpollSocket client, EpollSocket upstream, TcpTimeouts timeouts, ListenerMetrics metrics)
    {
        _loop = client.Loop;
        _client = client;
        _upstream = upstream;
        _metrics = metrics;
        _idleMs = (long)timeouts.Idle.TotalMilliseconds;
        _halfClosedMs = (long)timeouts.HalfClosed.TotalMilliseconds;
        _deadline = new LoopTimer(static owner => ((Relay)owner).OnDeadline(), this);

        // A client that is gone wants no answer any more. An endpoint that closed in haste has mostly sent a whole one, which a
        // slow client still gets.
        _up = new RelayDirection(client, upstream, waitsForRoom: false);
        _down = new RelayDirection(upstream, client, waitsForRoom: true);
    }

    /// <summary>Bytes that the client sent and the endpoint's socket took.</summary>
    public long BytesUp => _up.Bytes;

    /// <summary>Bytes that the endpoint sent and the client's socket took.</summary>
    public long BytesDown => _down.Bytes;

    /// <summary>Makes the endpoint get <paramref name="own"/>, which is not empty, before the client's first byte. Before <see cref="RunAsync"/>, at most once.</summary>
    public void SendFirst(ReadOnlySpan<byte> own) => _up.SendFirst(_loop, own);

    /// <summary>Copies until the end; the result says why it ended: <see cref="Fault.None"/> where both sides closed in order.</summary>
    public ValueTask<Fault> RunAsync()
    {
        _loop.AssertInLoop();
        _lastByteMs = _loop.NowMs;
        _client.Observe(this);
        _upstream.Observe(this);
        _loop.Schedule(_deadline, _idleMs);
        Move();
        return new ValueTask<Fault>(this, _completion.Version);
    }

    /// <summary>Ends it from outside, for example when a drain's time is over.</summary>
    public void Stop(Fault fault)
    {
        if (!_done)
        {
            Finish(fault);
        }
    }

    /// <summary>Closes both sockets as the relay ended: in order after an orderly end or a deadline, with RST where one side was reset.</summary>
    public void Close()
    {
        if (_fault.Kind is FaultKind.Reset or FaultKind.TlsRecordInvalid or FaultKind.Bug)
        {
            _client.Reset();
            _upstream.Reset();
        }
        else
        {
            _client.Close();
            _upstream.Close();
        }
    }

    void IReadinessObserver.OnReady(EpollSocket socket) => Move();

    void IReadinessObserver.OnUnhandledError(EpollSocket socket) => Stop(new Fault(FaultSide.Internal, FaultKind.Bug));

    Fault IValueTaskSource<Fault>.GetResult(short token) => _completion.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<Fault>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<Fault>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);

    private void Move()
    {
        if (_done)
        {
            return;
        }

        // What moves in this turn is no cause of what the endpoint had done before it.
        var sinceByteMs = _loop.NowMs - _lastByteMs;
        var (bytesUp, bytesDown) = (_up.Bytes, _down.Bytes);
        var up = _up.Move(_loop, isLast: _down.HasEnded);
        var down = _down.Move(_loop, isLast: _up.HasEnded);
        if (((up | down) & RelayProgress.Moved) != 0)
        {
            _lastByteMs = _loop.NowMs;
            _metrics.Received(_loop.Index, _up.Bytes - bytesUp);
            _metrics.Sent(_loop.Index, _down.Bytes - bytesDown);
        }

        if (((up | down) & RelayProgress.Ended) != 0)
        {
            _closedEarly |= (down & RelayProgress.Ended) != 0 && sinceByteMs <= EarlyCloseMs && IsUnanswered();
            OnDirectionEnded();
        }

        if (((up | down) & RelayProgress.BudgetSpent) != 0 && !_done && !_continues)
        {
            // Others first; the edge that said there is more will not come again.
            _continues = true;
            _loop.Post(
                static relay =>
                {
                    ((Relay)relay!)._continues = false;
                    ((Relay)relay).Move();
                },
                this);
        }
    }

    /// <summary>True where the endpoint has finished in order without a byte, and the client has not finished.</summary>
    private bool IsUnanswered() => _down is { Bytes: 0, ReadFailed: false, WriteFailed: false } && (!_up.HasEnded || _up.WriteFailed);

    private void OnDirectionEnded()
    {
        _down.IsBroken |= _up.WriteFailed && !_down.HasEnded;
        _up.IsBroken |= _down.WriteFailed && !_up.HasEnded;
        if (_up.ReadFailed)
        {
            Finish(new Fault(FaultSide.Client, _client.Failure));
        }
        else if (_down.ReadFailed)
        {
            Finish(new Fault(FaultSide.Upstream, _upstream.Failure));
        }
        else if (!_up.HasEnded || !_down.HasEnded)
        {
            _loop.Schedule(_deadline, _halfClosedMs);
        }
        else if (_down.WriteFailed)
        {
            Finish(new Fault(FaultSide.Client, FaultKind.Reset));
        }
        else
        {
            // An endpoint that had finished in order and then refuses what still comes (a client's TLS close_notify, for
            // one) has done nothing wrong.
            Finish(_down.IsBroken ? new Fault(FaultSide.Upstream, FaultKind.Reset) : Fault.None);
        }
    }

    private void OnDeadline()
    {
        var halfClosed = _up.HasEnded || _down.HasEnded;
        var remainingMs = _lastByteMs + (halfClosed ? _halfClosedMs : _idleMs) - _loop.NowMs;
        if (remainingMs > 0)
        {
            _loop.Schedule(_deadline, remainingMs);
            return;
        }

        // The silent side of a half-closed relay is the one that has not ended.
        Finish(halfClosed
            ? new Fault(_up.HasEnded ? FaultSide.Upstream : FaultSide.Client, FaultKind.HalfClosedTimeout)
            : new Fault(FaultSide.Client, FaultKind.IdleTimeout));
    }

    private void Finish(Fault fault)
    {
        _done = true;
        _fault = fault;
        _loop.Cancel(_deadline);
        _up.Release(_loop);
        _down.Release(_loop);

        // However the rest went: the client's half was open only because the endpoint had hung up.
        _completion.SetResult(
            _closedEarly && (fault.Kind is FaultKind.None or FaultKind.Reset or FaultKind.TlsRecordInvalid or FaultKind.HalfClosedTimeout)
                ? new Fault(FaultSide.Upstream, FaultKind.EarlyClose)
                : fault);
    }
}
