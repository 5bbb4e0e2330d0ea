using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// struct sockaddr (ip(7), ipv6(7), unix(7)) from and to the framework's addresses, without the intermediate objects of
/// <see cref="EndPoint.Serialize"/>: one is written for each connection.
/// </summary>
internal static class NativeAddress
{
    private const int IPv4Bytes = 16;
    private const int IPv6Bytes = 28;

    /// <summary>The socket family that serves <paramref name="address"/>.</summary>
    /// <exception cref="NotSupportedException">It is neither an IP nor a Unix address.</exception>
    public static int FamilyOf(EndPoint address) => address switch
    {
        IPEndPoint { AddressFamily: AddressFamily.InterNetwork } => SocketConstants.FamilyIPv4,
        IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } => SocketConstants.FamilyIPv6,
        UnixDomainSocketEndPoint => SocketConstants.FamilyUnix,
        _ => throw new NotSupportedException($"the epoll transport takes IP and Unix addresses, not {address} ({address.GetType().Name})"),
    };

    /// <summary>Writes <paramref name="address"/> as the kernel wants it and returns its length.</summary>
    /// <param name="address">An IP or Unix address.</param>
    /// <param name="into">At least <see cref="SocketConstants.AddressBytes"/>.</param>
    public static int Write(EndPoint address, Span<byte> into)
    {
        if (address is not IPEndPoint ip)
        {
            var serialized = address.Serialize();
            serialized.Buffer.Span[..serialized.Size].CopyTo(into);
            return serialized.Size;
        }

        into[..IPv6Bytes].Clear();
        MemoryMarshal.Write(into, (ushort)FamilyOf(address));
        BinaryPrimitives.WriteUInt16BigEndian(into[2..], (ushort)ip.Port);
        if (ip.AddressFamily == AddressFamily.InterNetwork)
        {
            ip.Address.TryWriteBytes(into[4..], out _);
            return IPv4Bytes;
        }

        ip.Address.TryWriteBytes(into[8..], out _);
        MemoryMarshal.Write(into[24..], (uint)ip.Address.ScopeId);
        return IPv6Bytes;
    }

    /// <summary>The address in <paramref name="native"/>, or null where it holds none (the unnamed peer of a Unix socket).</summary>
    public static EndPoint? Read(ReadOnlySpan<byte> native)
    {
        if (native.Length < sizeof(ushort))
        {
            return null;
        }

        switch ((int)MemoryMarshal.Read<ushort>(native))
        {
            case SocketConstants.FamilyIPv4:
                return new IPEndPoint(new IPAddress(native[4..8]), BinaryPrimitives.ReadUInt16BigEndian(native[2..]));
            case SocketConstants.FamilyIPv6:
                var scope = MemoryMarshal.Read<uint>(native[24..]);
                return new IPEndPoint(new IPAddress(native[8..24], scope), BinaryPrimitives.ReadUInt16BigEndian(native[2..]));
            case SocketConstants.FamilyUnix when native.Length > sizeof(ushort):
                var serialized = new SocketAddress(AddressFamily.Unix, native.Length);
                native.CopyTo(serialized.Buffer.Span);
                return new UnixDomainSocketEndPoint("/").Create(serialized);
            default:
                return null;
        }
    }
}
