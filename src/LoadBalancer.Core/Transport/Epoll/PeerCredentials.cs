using System.Runtime.InteropServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// Who is at the other end of a Unix socket, as the kernel saw it when that end connected (unix(7), SO_PEERCRED); a peer
/// cannot claim to be another. A feature of connections that a <see cref="QueuedListener"/> accepted.
/// </summary>
/// <param name="ProcessId">The process that connected; 0 where it is in another pid namespace.</param>
/// <param name="UserId">Its effective user.</param>
/// <param name="GroupId">Its effective group.</param>
internal sealed record PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    /// <summary>The size of the kernel's struct ucred.</summary>
    public const int Bytes = 12;

    /// <summary>The credentials in a struct ucred.</summary>
    public static PeerCredentials Read(ReadOnlySpan<byte> ucred)
    {
        var words = MemoryMarshal.Cast<byte, uint>(ucred);
        return new PeerCredentials((int)words[0], words[1], words[2]);
    }

    /// <summary>The credentials of a connected socket's peer; null where the kernel has none.</summary>
    public static unsafe PeerCredentials? Of(int descriptor)
    {
        var bytes = stackalloc byte[Bytes];
        var length = Bytes;
        return Libc.GetSocketOption(descriptor, SocketConstants.LevelSocket, SocketConstants.PeerCredentials, bytes, &length) == 0 && length == Bytes
            ? Read(new ReadOnlySpan<byte>(bytes, Bytes))
            : null;
    }
}
