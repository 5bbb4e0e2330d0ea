using LoadBalancer.Http.Forwarding;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server;

/// <summary>What HTTP keeps on each event loop: one for the process, it outlives every configuration.</summary>
internal sealed class HttpEngine
{
    /// <summary>The requests that failed which are remembered, over all loops.</summary>
    public const int MostFailures = 1024;

    private const int LeastFailures = 64;

    private readonly HttpLoop[] _loops;

    /// <summary>The engine on <paramref name="loops"/>.</summary>
    public HttpEngine(ReadOnlySpan<EventLoop> loops)
    {
        var rooms = new ConnectionRooms();
        _loops = new HttpLoop[loops.Length];
        for (var at = 0; at < loops.Length; at++)
        {
            _loops[at] = new HttpLoop(loops[at], rooms, Math.Max(LeastFailures, MostFailures / loops.Length), loops.Length);
        }
    }

    /// <summary>What it keeps on <paramref name="loop"/>.</summary>
    public HttpLoop On(EventLoop loop) => _loops[loop.Index];

    /// <summary>All of them, for tests and metrics.</summary>
    public ReadOnlySpan<HttpLoop> Loops => _loops;
}
