using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// Bytes both ways between a client and an endpoint, as they are, until both sides have finished or one of them breaks off: FIN for FIN, RST
/// for RST. One for each WebSocket; touched only on its loop.
/// </summary>
/// <param name="carrier">The client's connection, for the end of it.</param>
/// <param name="client">The same, which was taken over.</param>
/// <param name="work">Tells that the exchange was given up.</param>
/// <param name="connection">The endpoint's; whoever ends it ends the tunnel.</param>
/// <param name="idle">The silence that it may have, in both directions.</param>
internal sealed class Tunnel(ResponseCarrier carrier, IDuplexPipe client, ForwardWork work, UpstreamConnection connection, TimeSpan idle)
{
    /// <summary>
    /// The silence that it may have when one side has finished: what half a WebSocket still says, it says soon. The default of <c>half_closed</c> on TCP.
    /// </summary>
    public static readonly TimeSpan HalfClosed = TimeSpan.FromMinutes(1);

    private FaultSide? _finished;
    private Fault _fault;

    /// <summary>Bytes from the client.</summary>
    public long Received { get; private set; }

    /// <summary>Bytes to the client.</summary>
    public long Sent { get; private set; }

    /// <summary>Passes on what comes; whose fault the end is, or that it is nobody's.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public async ValueTask<Fault> RunAsync()
    {
        connection.Tunnel = carrier;
        var up = PumpAsync(client.Input, connection.Output, FaultSide.Client);
        Sent = await PumpAsync(connection.Input, client.Output, FaultSide.Upstream);
        Received = await up;
        connection.Tunnel = null;
        return _fault.Failed ? _fault
            : work.GaveUp.Failed ? work.GaveUp
            : connection.TimedOut switch
            {
                FaultKind.None => Fault.None,

                // Silent is the side that has not finished.
                FaultKind.HalfClosedTimeout => new Fault(_finished == FaultSide.Client ? FaultSide.Upstream : FaultSide.Client, FaultKind.HalfClosedTimeout),
                var kind => new Fault(FaultSide.Client, kind),
            };
    }

    /// <summary>Copies what <paramref name="side"/> sends to its end, and passes the end on.</summary>
    /// <returns>How many bytes.</returns>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<long> PumpAsync(PipeReader from, PipeWriter to, FaultSide side)
    {
        var copied = 0L;
        while (true)
        {
            Expect();
            var read = await from.ReadAsync();
            foreach (var piece in read.Buffer)
            {
                piece.Span.CopyTo(to.GetSpan(piece.Length));
                to.Advance(piece.Length);
            }

            copied += read.Buffer.Length;
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
                _finished ??= side;
                Expect();
                return copied;
            }
        }
    }

    private void Expect()
    {
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

        connection.Abort();
    }
}
