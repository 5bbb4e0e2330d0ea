using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Addresses;

/// <summary>
/// Who counts as one client where clients are counted: an IPv4 address, or an IPv6 network of 64 bits, because that is the least
/// that a subscriber is given and each of its addresses is free to take.
/// </summary>
/// <remarks>
/// The number is secret to the table that counts: mixed with random numbers, one to one, so that no two clients share it and
/// nobody outside can choose addresses that fall into the same place of a table.
/// </remarks>
internal readonly struct ClientKey
{
    // IPv4 addresses lie where the IPv6 networks are multicast (ffff:ffff::/32), which no client has as its address.
    private const ulong V4 = 0xFFFF_FFFF_0000_0000;

    private readonly ulong _mask;
    private readonly ulong _factor;

    /// <summary>A way to number clients that is unlike any other.</summary>
    public ClientKey(Random seeds)
    {
        _mask = (ulong)seeds.NextInt64(long.MinValue, long.MaxValue);

        // Odd, so that multiplying by it loses nothing.
        _factor = (ulong)seeds.NextInt64(long.MinValue, long.MaxValue) | 1;
    }

    /// <summary>The number of the client at <paramref name="address"/>; false where it has no IP address (a Unix socket).</summary>
    public bool TryGet(EndPoint? address, out ulong key)
    {
        key = address is IPEndPoint ip ? Of(ip.Address) : 0;
        return address is IPEndPoint;
    }

    /// <summary>The number of the client at <paramref name="address"/>.</summary>
    public ulong Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        var isV4 = address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6;
        var key = isV4 ? V4 | BinaryPrimitives.ReadUInt32BigEndian(bytes[(length - sizeof(uint))..length]) : BinaryPrimitives.ReadUInt64BigEndian(bytes);
        return Mix(key);
    }

    private ulong Mix(ulong key)
    {
        key = (key ^ _mask) * _factor;
        key ^= key >> 32;
        key *= _factor;
        return key ^ (key >> 29);
    }
}
