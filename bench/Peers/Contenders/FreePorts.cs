using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Peers.Contenders;

/// <summary>Loopback ports that nobody listens on at this moment.</summary>
internal static class FreePorts
{
    /// <summary>Different ports, all held until the last was found.</summary>
    public static IReadOnlyList<int> Take(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        try
        {
            Array.ForEach(listeners, listener => listener.Start());
            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            Array.ForEach(listeners, listener => listener.Dispose());
        }
    }
}
