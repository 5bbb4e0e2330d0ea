using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Balancing;

/// <summary>
/// The key that the hash balancer spreads by. The same in every process and on every machine, for ever: instances of a
/// pair must agree, and an upgrade must not move clients.
/// </summary>
/// <remarks>
/// FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv), followed by the finalizer of SplitMix64 (Steele, Lea,
/// Flood, OOPSLA 2014): FNV alone leaves the high bits of short inputs poor, and they choose the place in the table.
/// It is no secret and needs none: a client that picks its address to meet an endpoint could as well connect again.
/// </remarks>
public static class HashKey
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;
    private const int AddressLength = 16;

    /// <summary>The key of a client by its address alone, the port left out. A peer without an IP address (a Unix socket) has one key for all.</summary>
    public static ulong OfClient(EndPoint? address) => address is IPEndPoint ip ? OfAddress(ip.Address) : Mix(FnvOffset);

    /// <summary>The key of an address. An IPv4 address and its IPv4-mapped IPv6 form are equal, whatever the listening socket; a scope counts for nothing.</summary>
    public static ulong OfAddress(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[AddressLength];
        return Of(bytes[..Canonical(address, bytes)]);
    }

    /// <summary>The key of some bytes.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var hash = FnvOffset;
        foreach (var value in bytes)
        {
            hash = (hash ^ value) * FnvPrime;
        }

        return Mix(hash);
    }

    /// <summary>The key of an endpoint's own address, port or path included. It is its name for <see cref="Maglev"/>.</summary>
    internal static ulong OfEndpoint(EndPoint address)
    {
        if (address is not IPEndPoint ip)
        {
            return Of(Encoding.UTF8.GetBytes(address.ToString() ?? ""));
        }

        Span<byte> bytes = stackalloc byte[AddressLength + sizeof(ushort)];
        var length = Canonical(ip.Address, bytes);
        bytes[length++] = (byte)(ip.Port >> 8);
        bytes[length++] = (byte)ip.Port;
        return Of(bytes[..length]);
    }

    /// <summary>A bijection of 64 bits in which every bit of the input moves half of the output.</summary>
    internal static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>Writes the 16 bytes, or the 4 of an IPv4 address however it is dressed, and returns how many.</summary>
    private static int Canonical(IPAddress address, Span<byte> bytes)
    {
        _ = address.TryWriteBytes(bytes, out var length);
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && address.IsIPv4MappedToIPv6)
        {
            bytes[12..16].CopyTo(bytes);
            return 4;
        }

        return length;
    }
}
