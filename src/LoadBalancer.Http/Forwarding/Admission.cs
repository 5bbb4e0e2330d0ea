using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>How exchanges pass the gate of an upstream that takes so many at once and no more (<c>concurrency</c>).</summary>
internal static class Admission
{
    /// <summary>Clients that are refused come again after one to so many seconds, so that they do not all come at once.</summary>
    private const int LatestRetrySeconds = 3;

    /// <summary>Goes in at once, where there is room.</summary>
    public static bool TryEnter(ForwardWork work, Gate gate)
    {
        if (!gate.TryEnter())
        {
            return false;
        }

        work.Gate = gate;
        return true;
    }

    /// <summary>
    /// Waits for room, as long as the importance of the exchange allows; not where the circuit is open or opens meanwhile, or nobody is left to ask, because
    /// room would not help then.
    /// </summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public static async ValueTask<Fault> WaitAsync(Exchange exchange, ForwardWork work, Upstream upstream, Gate gate)
    {
        if (upstream.Circuit?.Refuses(exchange.Loop.Index) == true)
        {
            return CircuitOpen(exchange, upstream);
        }

        var wait = work.Waiting = gate.Wait(exchange.Loop, exchange.Importance);
        var fault = await wait.EndAsync();
        work.Waiting = null;
        if (!fault.Failed)
        {
            work.Gate = gate;
        }
        else if (fault.Kind == FaultKind.CircuitOpen)
        {
            upstream.Circuit?.Refuses(exchange.Loop.Index);
            fault = CircuitOpen(exchange, upstream);
        }
        else if (fault.Kind == FaultKind.Overloaded)
        {
            Span<byte> chance = stackalloc byte[16];
            exchange.Ids.Write(chance);
            exchange.RetryAfterSeconds = 1 + (chance[^1] % LatestRetrySeconds);
        }

        return work.GaveUp.Failed ? work.GaveUp : fault;
    }

    /// <summary>True where the exchange may go on for hours after its head: what is under way there is no request any more.</summary>
    public static bool EndsWithHead(Exchange exchange, UpstreamOptions options) =>
        exchange.Response.Status == 101 || options.Protocol == UpstreamProtocol.Grpc || GrpcCall.MayStream(exchange.Response.Fields) || EventStream.Is(exchange.Response);

    /// <summary>Goes out, where it is in.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="work">What it holds.</param>
    /// <param name="answered">The status that an endpoint answered with; 0 for none.</param>
    /// <param name="fault">How it went so far.</param>
    public static void Leave(Exchange exchange, ForwardWork work, int answered, Fault fault)
    {
        if (work.Gate is { } gate)
        {
            work.Gate = null;

            // An error may come sooner than an answer that took work; and while the client sends, the endpoint has nothing to do.
            var took = answered is > 0 and < 500 ? exchange.FirstByte - Math.Max(exchange.Connected, work.BodyCame) : 0;
            gate.Leave(exchange.Loop.Index, answered is 502 or 503 or 504 ? new Fault(FaultSide.Upstream, FaultKind.BadStatus) : fault, took, exchange.FirstByte - work.FirstByteSince);
        }
    }

    private static Fault CircuitOpen(Exchange exchange, Upstream upstream)
    {
        exchange.RetryAfterSeconds = upstream.Circuit?.RetryAfterSeconds ?? 1;
        return LeaseQueue.CircuitIsOpen;
    }
}
