using System.Net.Sockets;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>HTTP to an admin listener on a Unix socket.</summary>
internal static class AdminClient
{
    /// <summary>A client whose every request goes to the socket at <paramref name="path"/>.</summary>
    public static HttpClient Over(string path)
    {
        var address = new UnixDomainSocketEndPoint(path);
        return new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(address, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://localhost") };
    }
}
