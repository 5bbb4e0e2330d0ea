using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Transport.Epoll;

/// <summary>Making sockets and setting their options. Any thread.</summary>
internal static unsafe class SocketSetup
{
    /// <summary>Accepted connections that the kernel holds for us at most; it takes the smaller of this and net.core.somaxconn.</summary>
    private const int Backlog = 4096;

    // In seconds. Linux itself asks after two hours.
    private const int AskAfter = 60;
    private const int AskEvery = 15;
    private const int AskTimes = 3;

    /// <summary>A non-blocking stream socket for <paramref name="address"/>, or -1 with errno set.</summary>
    public static int NewStream(EndPoint address) => Libc.Socket(
        NativeAddress.FamilyOf(address),
        SocketConstants.TypeStream | SocketConstants.TypeNonBlocking | SocketConstants.TypeCloseOnExec,
        0);

    /// <summary>A listening socket on <paramref name="address"/>.</summary>
    /// <param name="address">Port 0 lets the kernel choose.</param>
    /// <param name="shared">True for one of several on the same port, among which the kernel spreads connections (SO_REUSEPORT).</param>
    /// <exception cref="IOException">It cannot be bound; the message says why.</exception>
    public static int NewListening(EndPoint address, bool shared)
    {
        var descriptor = NewBound(address, shared);
        if (Libc.Listen(descriptor, Backlog) < 0)
        {
            throw Refused(descriptor, address);
        }

        InheritToAccepted(descriptor, address is IPEndPoint);
        return descriptor;
    }

    /// <summary>Binds <paramref name="address"/> for a moment, which fails where somebody listens on it, whatever their options.</summary>
    /// <exception cref="IOException">It cannot be bound; the message says why.</exception>
    public static void ThrowIfInUse(EndPoint address) => Libc.Close(NewBound(address, shared: false));

    /// <summary>Sets on a listening socket what Linux copies to each accepted one, which saves some calls a connection.</summary>
    public static void InheritToAccepted(int descriptor, bool isIP)
    {
        if (isIP)
        {
            NoDelay(descriptor);
            AskWhetherItIsThere(descriptor);
        }
    }

    /// <summary>Makes calls on a descriptor that was made elsewhere return instead of wait.</summary>
    public static void MakeNonBlocking(int descriptor) =>
        Libc.FileControl(descriptor, SocketConstants.SetFileFlags, Libc.FileControl(descriptor, SocketConstants.GetFileFlags, 0) | SocketConstants.TypeNonBlocking);

    /// <summary>Sends each write at once: a proxy passes on what it gets, so waiting for more (Nagle) only delays.</summary>
    public static void NoDelay(int descriptor) => SetOption(descriptor, SocketConstants.LevelTcp, SocketConstants.TcpNoDelay);

    /// <summary>
    /// Lets the kernel ask the other side of a silent connection whether it is still there (TCP keep-alive, RFC 9293 section 3.8.4): a machine that is gone without a word,
    /// or behind a cable that is, ends the connection after 60 s and three questions, 15 s apart. Where something was sent that it has not acknowledged, the kernel sends
    /// that again in place of asking, for net.ipv4.tcp_retries2, a quarter of an hour.
    /// </summary>
    /// <remarks>TCP_USER_TIMEOUT would end that sooner, and with it whoever is there and takes nothing for so long: it counts while the window is closed.</remarks>
    public static void AskWhetherItIsThere(int descriptor)
    {
        SetOption(descriptor, SocketConstants.LevelTcp, SocketConstants.TcpKeepIdle, AskAfter);
        SetOption(descriptor, SocketConstants.LevelTcp, SocketConstants.TcpKeepInterval, AskEvery);
        SetOption(descriptor, SocketConstants.LevelTcp, SocketConstants.TcpKeepCount, AskTimes);
        SetOption(descriptor, SocketConstants.LevelSocket, SocketConstants.KeepAlive);
    }

    /// <summary>Makes the next close send RST and drop unsent data (SO_LINGER with 0 s).</summary>
    public static void CloseWithReset(int descriptor)
    {
        var linger = stackalloc int[2] { 1, 0 };
        Libc.SetSocketOption(descriptor, SocketConstants.LevelSocket, SocketConstants.Linger, linger, sizeof(int) * 2);
    }

    /// <summary>What the descriptor is bound to, or null.</summary>
    public static EndPoint? LocalAddress(int descriptor)
    {
        var bytes = stackalloc byte[SocketConstants.AddressBytes];
        var length = SocketConstants.AddressBytes;
        return Libc.GetSocketName(descriptor, bytes, &length) < 0 ? null : NativeAddress.Read(new ReadOnlySpan<byte>(bytes, length));
    }

    private static int NewBound(EndPoint address, bool shared)
    {
        var descriptor = NewStream(address);
        if (descriptor < 0)
        {
            throw new IOException($"cannot make a socket for {address}: {Libc.LastErrno}");
        }

        var options = address is not IPEndPoint
            || (SetOption(descriptor, SocketConstants.LevelSocket, SocketConstants.ReuseAddress)
                && (!shared || SetOption(descriptor, SocketConstants.LevelSocket, SocketConstants.ReusePort))
                && (address.AddressFamily != AddressFamily.InterNetworkV6 || SetOption(descriptor, SocketConstants.LevelIPv6, SocketConstants.IPv6Only)));
        var bytes = stackalloc byte[SocketConstants.AddressBytes];
        var length = NativeAddress.Write(address, new Span<byte>(bytes, SocketConstants.AddressBytes));
        return options && Libc.Bind(descriptor, bytes, length) == 0 ? descriptor : throw Refused(descriptor, address);
    }

    private static IOException Refused(int descriptor, EndPoint address)
    {
        var why = Explain(Libc.LastErrno);
        Libc.Close(descriptor);
        return new IOException($"cannot listen on {address}: {why}");
    }

    private static bool SetOption(int descriptor, int level, int name, int value = 1) => Libc.SetSocketOption(descriptor, level, name, &value, sizeof(int)) == 0;

    private static string Explain(Errno error) => error switch
    {
        Errno.AddressInUse => "the address is in use by another program",
        Errno.AccessDenied => "permission denied (a port below 1024 needs CAP_NET_BIND_SERVICE)",
        Errno.AddressNotAvailable => "this machine has no such address",
        Errno.NoEntry => "the folder of the socket does not exist",
        _ => error.ToString(),
    };
}
