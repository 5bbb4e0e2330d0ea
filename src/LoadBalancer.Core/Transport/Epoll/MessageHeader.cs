using System.Runtime.InteropServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>struct msghdr of sendmsg(2) and recvmsg(2), for a connected socket.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    /// <summary>msg_name: null, the socket is connected.</summary>
    public void* Name;

    /// <summary>msg_namelen.</summary>
    public uint NameLength;

    /// <summary>msg_iov.</summary>
    public MessagePiece* Pieces;

    /// <summary>msg_iovlen.</summary>
    public nuint PieceCount;

    /// <summary>msg_control: ancillary data, as descriptors are (<see cref="DescriptorChannel"/>).</summary>
    public void* Control;

    /// <summary>msg_controllen.</summary>
    public nuint ControlLength;

    /// <summary>msg_flags: of received messages only.</summary>
    public int Flags;
}
