using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// Bytes both ways between a client and an endpoint, as they are, until both sides have finished or one of them breaks off: FIN for FIN, RST
/// for RST. One for each WebSocket; touched only on its loop.
/// </summary>
/// <remarks>
/// What the endpoint sends is followed frame by frame, so that a tunnel that has to end can tell the client so between two of them
/// (<see cref="EndAfter(TimeSpan)"/>): 1012, service restart, upon which a client connects again; or 1008 where its identity has ended
/// (<see cref="ExpireAfter"/>). The rest of the closing handshake is between the two sides: the client's Close goes to the endpoint, which answers
/// and closes; what it still sends is not passed on.
/// <para>
/// What the client sends is followed too, for one question: whether an endpoint that ends its connection had said so, or heard so, by a Close frame
/// (<see cref="WasLeft"/>). The end of a program that was killed looks like any other, for its kernel closes in order.
/// </para>
/// </remarks>
/// <param name="carrier">The client's connection, for the end of it.</param>
/// <param name="client">The same, which was taken over.</param>
/// <param name="work">Tells that the exchange was given up.</param>
/// <param name="connection">The endpoint's; whoever ends it ends the tunnel.</param>
/// <param name="idle">The silence that it may have, in both directions.</param>
/// <param name="loop">Where it lives.</param>
internal sealed class Tunnel(ResponseCarrier carrier, IDuplexPipe client, ForwardWork work, UpstreamConnection connection, TimeSpan idle, EventLoop loop)
{
    /// <summary>What the two sides have for the closing handshake.</summary>
    public static readonly TimeSpan Closing = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The silence that it may have when one side has finished: what half a WebSocket still says, it says soon. The default of <c>half_closed</c> on TCP.
    /// </summary>
    public static readonly TimeSpan HalfClosed = TimeSpan.FromMinutes(1);

    // RFC 6455 section 7.4.1: a Close frame with the code 1008, policy violation, and the reason.
    private static readonly byte[] Expired = [0x88, 0x12, 0x03, 0xF0, .. "identity_expired"u8];

    private WebSocketFrames _frames;
    private WebSocketFrames _clientFrames;
    private LoopDeadline? _turn;
    private LoopDeadline? _leaving;
    private Withdrawal? _withdrawal;
    private LoopDeadline? _expiry;
    private FaultSide? _finished;
    private Fault _fault;
    private bool _hasToEnd;
    private bool _isBroken;

    /// <summary>The bandwidth that the client's bytes keep to; null for any.</summary>
    public BodyPace? RequestPace { get; init; }

    /// <summary>The bandwidth that the endpoint's bytes keep to; null for any.</summary>
    public BodyPace? ResponsePace { get; init; }

    /// <summary>Bytes from the client.</summary>
    public long Received { get; private set; }

    /// <summary>Bytes to the client.</summary>
    public long Sent { get; private set; }

    /// <summary>True where the client was told that it ends.</summary>
    public bool IsClosing { get; private set; }

    /// <summary>True where it ends, or has ended, because its identity has.</summary>
    public bool HasExpired { get; private set; }

    /// <summary>
    /// True where the endpoint has ended its connection first, in order, and no Close frame had come from either side: it was stopped perhaps, or does
    /// not send them.
    /// </summary>
    public bool WasLeft => _finished == FaultSide.Upstream && !_frames.HasClosed && !_clientFrames.HasClosed;

    // RFC 6455 sections 5.5.1 and 7.4.1: a Close frame with the code 1012, service restart.
    private static ReadOnlySpan<byte> ServiceRestart => [0x88, 0x02, 0x03, 0xF4];

    /// <summary>Tells the client after <paramref name="turn"/>, and between two frames, that it ends. The first word counts.</summary>
    public void EndAfter(TimeSpan turn)
    {
        if (_turn is null)
        {
            _turn = new LoopDeadline(loop, static tunnel => ((Tunnel)tunnel).OnTurn(), this);
            _turn.Set(turn);
        }
    }

    /// <summary>The same because its endpoint was taken away, unless that is back by then. The last word counts, beside that of <see cref="EndAfter(TimeSpan)"/>.</summary>
    public void EndAfter(TimeSpan turn, Withdrawal withdrawal)
    {
        _withdrawal = withdrawal;
        _leaving ??= new LoopDeadline(loop, static tunnel => ((Tunnel)tunnel).OnLeaving(), this);
        _leaving.Set(turn);
    }

    /// <summary>Ends it after <paramref name="time"/>, when its identity ends: the client is told so between two frames, and waited for no longer than <see cref="Closing"/>.</summary>
    public void ExpireAfter(TimeSpan time)
    {
        _expiry = new LoopDeadline(loop, static tunnel => ((Tunnel)tunnel).OnExpiry(), this);
        _expiry.Set(time > TimeSpan.Zero ? time : TimeSpan.Zero);
    }

    /// <summary>Passes on what comes; whose fault the end is, or that it is nobody's.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public async ValueTask<Fault> RunAsync()
    {
        connection.Tunnel = carrier;
        var up = PumpAsync(client.Input, connection.Output, FaultSide.Client, RequestPace);
        Sent = await PumpAsync(connection.Input, client.Output, FaultSide.Upstream, ResponsePace);
        Received = await up;
        connection.Tunnel = null;
        _turn?.End();
        _leaving?.End();
        _expiry?.End();
        var fault = _fault.Failed ? _fault
            : work.GaveUp.Failed ? work.GaveUp
            : connection.TimedOut switch
            {
                FaultKind.None => Fault.None,

                // Silent is the side that has not finished.
                FaultKind.HalfClosedTimeout => new Fault(_finished == FaultSide.Client ? FaultSide.Upstream : FaultSide.Client, FaultKind.HalfClosedTimeout),
                var kind => new Fault(FaultSide.Client, kind),
            };

        // A client whose endpoint has finished has nobody left to talk to: that it goes, in whatever way, is no fault of it.
        return _finished == FaultSide.Upstream && fault is { Side: FaultSide.Client, Kind: FaultKind.ClientClosed or FaultKind.Reset } ? Fault.None : fault;
    }

    /// <summary>Copies what <paramref name="side"/> sends to its end, and passes the end on.</summary>
    /// <returns>How many bytes.</returns>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<long> PumpAsync(PipeReader from, PipeWriter to, FaultSide side, BodyPace? pace)
    {
        var copied = 0L;
        while (true)
        {
            Expect();
            var read = await from.ReadAsync();
            if (pace is null || IsClosing)
            {
                copied += Pass(read.Buffer, to, side);
            }
            else
            {
                copied += await PassAsync(pace, read.Buffer, to, side);
            }

            if (side == FaultSide.Upstream)
            {
                CloseIfDue(to);
            }

            from.AdvanceTo(read.Buffer.End);
            var flush = await to.FlushAsync();
            if (from is LoopPipeReader { Fault: not FaultKind.None })
            {
                Break(side);
                return copied;
            }

            if (flush.IsCompleted)
            {
                Break(side == FaultSide.Client ? FaultSide.Upstream : FaultSide.Client);
                return copied;
            }

            if (read.IsCompleted)
            {
                to.Complete();
                if (!IsBroken && connection.TimedOut == FaultKind.None)
                {
                    // And not because the other side is gone, or its time is over.
                    _finished ??= side;
                }

                Expect();
                return copied;
            }
        }
    }

    /// <summary>Passes bytes on piece by piece, as the caller's bandwidth lets them. What was written is sent before each wait; the rest stays where it is. Once the client was told that it ends, nothing waits.</summary>
    /// <returns>How many; fewer where the tunnel has ended.</returns>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<long> PassAsync(BodyPace pace, ReadOnlySequence<byte> bytes, PipeWriter to, FaultSide side)
    {
        var passed = 0L;
        while (!bytes.IsEmpty)
        {
            var piece = bytes.Slice(0, Math.Min(bytes.Length, pace.Piece));
            if (!IsClosing && !pace.TryTake((int)piece.Length))
            {
                // Who does not take what was written is silent: only the wait for the turn is nobody's silence.
                if ((await to.FlushAsync()).IsCompleted || IsBroken)
                {
                    return passed;
                }

                if (!IsClosing)
                {
                    carrier.StandAside();
                    connection.Hold();
                    var goesOn = await pace.WaitAsync() || IsClosing;
                    connection.Unhold();
                    if (!goesOn || IsBroken)
                    {
                        return passed;
                    }
                }
            }

            passed += Pass(piece, to, side);
            bytes = bytes.Slice(piece.End);
        }

        return passed;
    }

    private bool IsBroken => _isBroken || work.GaveUp.Failed;

    private long Pass(in ReadOnlySequence<byte> bytes, PipeWriter to, FaultSide side)
    {
        var passed = 0L;
        foreach (var piece in bytes)
        {
            passed += Pass(piece.Span, to, side);
        }

        return passed;
    }

    private int Pass(ReadOnlySpan<byte> bytes, PipeWriter to, FaultSide side)
    {
        var count = bytes.Length;
        if (side == FaultSide.Upstream)
        {
            CloseIfDue(to);
            count = IsClosing ? 0 : _frames.Take(bytes, toBoundary: _hasToEnd);
        }
        else
        {
            _clientFrames.Take(bytes, toBoundary: false);
        }

        bytes[..count].CopyTo(to.GetSpan(count));
        to.Advance(count);
        return count;
    }

    private void OnTurn()
    {
        _hasToEnd = true;
        connection.Input.CancelPendingRead();
    }

    private void OnLeaving()
    {
        if (work.Uses(_withdrawal!))
        {
            OnTurn();
        }
    }

    private void OnExpiry()
    {
        if (HasExpired)
        {
            // It had its time: a frame that does not end keeps nobody in.
            Abort();
            return;
        }

        HasExpired = true;
        _expiry!.Set(Closing);
        OnTurn();
    }

    private void CloseIfDue(PipeWriter to)
    {
        if (_hasToEnd && !IsClosing && !_frames.HasClosed && _frames.IsBetween)
        {
            var frame = HasExpired ? Expired : ServiceRestart;
            frame.CopyTo(to.GetSpan(frame.Length));
            to.Advance(frame.Length);
            connection.Expect(Closing, HasExpired ? FaultKind.IdentityExpired : FaultKind.Drained);
            IsClosing = true;

            // The time for the end runs, whatever waits: nothing does any more.
            RequestPace?.Interrupt();
            ResponsePace?.Interrupt();
        }
    }

    private void Expect()
    {
        if (IsClosing)
        {
            // It has its time once.
            return;
        }

        if (_finished is null || idle <= HalfClosed)
        {
            connection.Expect(idle, FaultKind.IdleTimeout);
        }
        else
        {
            connection.Expect(HalfClosed, FaultKind.HalfClosedTimeout);
        }
    }

    /// <summary>One side is gone, and not in order: so is the tunnel. The first reason stays.</summary>
    private void Break(FaultSide side)
    {
        // An endpoint that had finished in order and then refuses what still comes has done nothing wrong.
        if (!_fault.Failed && !work.GaveUp.Failed && connection.TimedOut == FaultKind.None && !(side == FaultSide.Upstream && _finished == FaultSide.Upstream))
        {
            _fault = new Fault(side, FaultKind.Reset);
        }

        Abort();
    }

    private void Abort()
    {
        _isBroken = true;
        RequestPace?.Interrupt();
        ResponsePace?.Interrupt();
        connection.Abort();
    }
}
