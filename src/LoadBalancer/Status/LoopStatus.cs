using LoadBalancer.Http.Resilience;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Status;

/// <summary>An event loop.</summary>
/// <param name="Loop">Its index, from 0.</param>
/// <param name="Turns">Turns since the start.</param>
/// <param name="Stalls">Turns that took too long, seen by the watchdog.</param>
internal sealed record LoopStatus(int Loop, long Turns, long Stalls)
{
    /// <summary>Events that it was told of since the start.</summary>
    public long Events { get; init; }

    /// <summary>Sockets that it watches: two for each proxied connection, and those that listen.</summary>
    public int Sockets { get; init; }

    /// <summary>CPU time that its thread has used, in seconds.</summary>
    public double CpuSeconds { get; init; }

    /// <summary>The longest turn that was seen in the last one to two minutes, in seconds.</summary>
    public double LongestTurnSeconds { get; init; }

    /// <summary>Bytes of requests' bodies that it keeps, to send them again; it has room for <see cref="ReplayRoom.Most"/>.</summary>
    public long RetryBodyBytes { get; init; }

    /// <summary>Bodies for which there was no room since the start, so that their requests were not to be sent again.</summary>
    public long RetryBodiesUnkept { get; init; }

    /// <summary>A loop as of now.</summary>
    public static LoopStatus Of(EventLoop loop, LoopGroup group, ReplayRoom replays) => new(loop.Index, loop.Turns, group.StallsOf(loop.Index))
    {
        Events = loop.Meter.Events,
        Sockets = loop.SourceCount,
        CpuSeconds = loop.Meter.CpuTime.TotalSeconds,
        LongestTurnSeconds = group.LongestTurnOf(loop.Index).TotalSeconds,
        RetryBodyBytes = replays.Bytes,
        RetryBodiesUnkept = replays.Unkept,
    };
}
