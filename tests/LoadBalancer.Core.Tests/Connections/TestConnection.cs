using System.Net.Sockets;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Connections;

/// <summary>A connection on a loop, for what is asked with one.</summary>
internal static class TestConnection
{
    /// <summary>A connection to <paramref name="listening"/> on the first loop.</summary>
    public static Task<EpollConnection> ConnectAsync(TestLoops loops, Socket listening) => loops.Run(async () =>
    {
        var connected = await ConnectAttempt.StartAsync(loops.First, listening.LocalEndPoint!, TimeSpan.FromSeconds(5));
        return new EpollConnection(connected.Socket!, listening.LocalEndPoint);
    });
}
