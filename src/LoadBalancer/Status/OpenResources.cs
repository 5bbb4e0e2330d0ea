using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Status;

/// <summary>
/// What connections and requests take while they last. A process that has ended its work has none of it: what is not 0 then has leaked, and the
/// line <c>stopped</c> of the log says so.
/// </summary>
/// <param name="Connections">Clients' connections of the listeners that run.</param>
/// <param name="Leases">Leases of endpoints, those included that are no longer in the file or in DNS.</param>
/// <param name="Pending">Connections and requests that wait for room at an endpoint, and requests within an upstream's <c>concurrency</c>.</param>
/// <param name="PoolConnections">Connections for requests to endpoints, idle or in use, over all loops.</param>
/// <param name="Copies">Requests without a client under way: mirrors, and what is asked anew for the cache.</param>
/// <param name="Sockets">Sockets that loops watch.</param>
/// <param name="Timers">Timers of loops that wait.</param>
/// <param name="Buffers">Blocks of memory and pipes of the kernel that loops have lent, and bodies that are kept to be sent again.</param>
internal sealed record OpenResources(int Connections, int Leases, int Pending, int PoolConnections, int Copies, int Sockets, int Timers, int Buffers)
{
    /// <summary>What belongs to nobody's connection may take a moment to end: the answer to a mirror, a probe that was given up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>True where all of it is 0.</summary>
    public bool AreNone => this == new OpenResources(0, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>As fields of the log.</summary>
    public LogField[] Fields =>
    [
        ("connections", Connections), ("leases", Leases), ("pending", Pending), ("pool_connections", PoolConnections),
        ("copies", Copies), ("sockets", Sockets), ("timers", Timers), ("buffers", Buffers),
    ];

    /// <summary>
    /// What is open at the end of a process, when nothing serves any more. Closes what is kept for requests that will not come, and gives the
    /// rest a second.
    /// </summary>
    public static async Task<OpenResources> AtEndAsync(Reloader reloader, LoopGroup loops, HttpEngine engine, TimeProvider time)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            foreach (var loop in loops.Loops.ToArray())
            {
                await loop.RunAsync(_ => engine.On(loop).Upstreams.CloseIdle(), null);
            }

            var open = await ReadAsync(reloader, loops, engine);
            if (open.AreNone || time.GetElapsedTime(began) > Patience)
            {
                return open;
            }

            await Task.Delay(Pause, time);
        }
    }

    /// <summary>What is open now. Each number is true of a moment, and not all of the same.</summary>
    public static async Task<OpenResources> ReadAsync(Reloader reloader, LoopGroup loops, HttpEngine engine)
    {
        var (pool, copies, sockets, timers, buffers) = (0, 0, 0, 0, 0);
        foreach (var loop in loops.Loops.ToArray())
        {
            await loop.RunAsync(
                _ =>
                {
                    var http = engine.On(loop);
                    pool += http.Upstreams.Open;
                    copies += http.Mirrored.Count + http.Refreshing.Count;
                    sockets += loop.SourceCount;
                    timers += loop.TimerCount;
                    buffers += loop.SmallBlocks.Rented + loop.Blocks.Rented + loop.LargeBlocks.Rented + loop.Pipes.Rented + http.Replays.Bodies;
                },
                null);
        }

        var (snapshot, removed) = (reloader.Snapshot, reloader.Removed);
        return new OpenResources(
            snapshot.Listeners.Values.Sum(listener => listener.Connections.Count),
            snapshot.Upstreams.Values.Concat(removed).Sum(upstream => upstream.OpenLeases),
            snapshot.Upstreams.Values.Concat(removed).Sum(upstream => upstream.Pending.Count + upstream.Pending.Gate.UnderWay),
            pool, copies, sockets, timers, buffers);
    }
}
