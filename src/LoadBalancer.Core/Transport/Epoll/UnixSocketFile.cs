using System.Net.Sockets;

namespace LoadBalancer.Transport.Epoll;

/// <summary>The file of a listening Unix socket, which outlives a process that was killed. Any thread.</summary>
internal static class UnixSocketFile
{
    /// <summary>Removes the socket at the path if nobody listens on it any more, so that it can be bound again. A file that is no socket is left alone.</summary>
    public static void RemoveDead(UnixDomainSocketEndPoint address)
    {
        var path = address.ToString();
        if (!File.Exists(path) || path.StartsWith('@'))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(address);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(path))
        {
            File.Delete(path);
        }
        catch (SocketException)
        {
            // In use, or not ours to judge: binding will say what is wrong.
        }
    }

    /// <summary>Removes the socket's file after it was closed.</summary>
    public static void Remove(UnixDomainSocketEndPoint address)
    {
        var path = address.ToString();
        if (!path.StartsWith('@') && File.Exists(path) && IsSocket(path))
        {
            File.Delete(path);
        }
    }

    // The framework has no name for the socket type: a socket is what is neither a directory, nor a link, nor of a size.
    private static bool IsSocket(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is null && (file.Attributes & FileAttributes.Directory) == 0 && file.Length == 0;
    }
}
