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

    // Asked of the kernel: the framework cannot tell a socket from an empty file or a named pipe.
    private static unsafe bool IsSocket(string path)
    {
        const int NoFollow = 0x100;
        const uint Type = 0x1;
        const int ModeOffset = 28;
        const int TypeMask = 0xF000;
        const int Socket = 0xC000;
        var status = stackalloc byte[256];
        return Libc.FileStatus(-100, path, NoFollow, Type, status) == 0 && (*(ushort*)(status + ModeOffset) & TypeMask) == Socket;
    }
}
