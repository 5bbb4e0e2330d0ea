using LoadBalancer.Http;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Tests.Reloading;

/// <summary>What builds HTTP proxies in a test that has its parts by hand.</summary>
internal static class HttpProxies
{
    /// <summary>A builder on <paramref name="loops"/> that logs to <paramref name="lines"/>.</summary>
    public static HttpProxyBuilder On(LoopGroup loops, BuildContext context, LoopLog lines) => new()
    {
        Engine = new HttpEngine(loops.Loops),
        Context = context,
        AccessLog = new AccessLog(lines, context.Time),
        Log = new ConnectionLog(lines, context.Time),
        IsReady = () => true,
    };
}
