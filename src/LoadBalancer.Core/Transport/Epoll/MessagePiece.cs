using System.Runtime.InteropServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>struct iovec of sendmsg(2): bytes somewhere.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct MessagePiece(byte* start, int length)
{
    /// <summary>iov_base.</summary>
    public readonly byte* Start = start;

    /// <summary>iov_len.</summary>
    public readonly nuint Length = (nuint)length;
}
