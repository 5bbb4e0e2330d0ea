using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Forwarding.Http2;
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
    /// <param name="loops">All loops.</param>
    /// <param name="tell">Is told of connections of HTTP/2 with endpoints that are ended for an error; on their loop. Default: nobody.</param>
    public HttpEngine(ReadOnlySpan<EventLoop> loops, Action<Http2Report>? tell = null)
    {
        tell ??= static _ => { };
        var rooms = new ConnectionRooms();
        _loops = new HttpLoop[loops.Length];
        for (var at = 0; at < loops.Length; at++)
        {
            _loops[at] = new HttpLoop(loops[at], rooms, Math.Max(LeastFailures, MostFailures / loops.Length), loops.Length, tell);
        }
    }

    /// <summary>What it keeps on <paramref name="loop"/>.</summary>
    public HttpLoop On(EventLoop loop) => _loops[loop.Index];

    /// <summary>All of them, for tests and metrics.</summary>
    public ReadOnlySpan<HttpLoop> Loops => _loops;
}
