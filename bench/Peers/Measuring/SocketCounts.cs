using System.Globalization;

namespace LoadBalancer.Peers.Measuring;

/// <summary>The kernel's counts of sockets, from /proc/net/sockstat.</summary>
internal static class SocketCounts
{
    /// <summary>TCP sockets in TIME_WAIT.</summary>
    public static int TimeWait()
    {
        var fields = File.ReadLines("/proc/net/sockstat").First(line => line.StartsWith("TCP:", StringComparison.Ordinal)).Split(' ');
        return int.Parse(fields[Array.IndexOf(fields, "tw") + 1], CultureInfo.InvariantCulture);
    }
}
