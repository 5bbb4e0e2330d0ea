using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Tests;

/// <summary>
/// Ports for tests that have to know one before somebody listens on it: below those that the kernel gives, and a share of them for each process that runs tests
/// beside others, so that nobody else takes one in between. Thread-safe.
/// </summary>
internal static class OwnPorts
{
    private const int First = 16 * 1024;
    private const int PerShare = 512;
    private const int Shares = 32;

    // Held for as long as the process lives; the kernel lets go of the name when it ends, however that is.
    private static readonly Socket Claim = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private static readonly int FirstOfShare = First + (Enumerable.Range(0, Shares).First(TryClaim) * PerShare);
    private static int _given;

    /// <summary>A port on which nobody listens; not one of the last few hundred that were given.</summary>
    public static int Next()
    {
        while (true)
        {
            var port = FirstOfShare + ((Interlocked.Increment(ref _given) & int.MaxValue) % PerShare);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Another program's, or of a test that is still at it.
            }
        }
    }

    private static bool TryClaim(int share)
    {
        try
        {
            Claim.Bind(new UnixDomainSocketEndPoint($"\0lb-tests-ports-{share}"));
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}
