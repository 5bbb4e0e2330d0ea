using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Addresses;

/// <summary>
/// A set of networks that is asked for every connection: sorted ranges that do not overlap, so that a look-up is one binary
/// search and allocates nothing. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// An IPv4 address that is written as IPv6 (<c>::ffff:10.0.0.1</c>, which is what a dual-stack socket sees) is the IPv4 address,
/// among the networks as well as in a look-up: nobody passes a list by changing the spelling. So an IPv6 network,
/// <c>::/0</c> too, holds no IPv4 client. A scope (<c>%eth0</c>) is not looked at.
/// </remarks>
public sealed class IpSet
{
    private const int MappedBits = 96;

    private readonly AddressRanges<uint> _v4;
    private readonly AddressRanges<UInt128> _v6;

    /// <summary>The set of all addresses in <paramref name="networks"/>, which may overlap.</summary>
    public IpSet(IEnumerable<IPNetwork> networks)
    {
        var v4 = new List<(uint, uint)>();
        var v6 = new List<(UInt128, UInt128)>();
        foreach (var network in networks.Select(Canonical))
        {
            if (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork)
            {
                v4.Add(RangeV4(network));
            }
            else
            {
                v6.Add(RangeV6(network));
            }
        }

        _v4 = new AddressRanges<uint>(v4);
        _v6 = new AddressRanges<UInt128>(v6);
    }

    /// <summary>The set without an address.</summary>
    public static IpSet Empty { get; } = new([]);

    /// <summary>True where no address is in it.</summary>
    public bool IsEmpty => _v4.IsEmpty && _v6.IsEmpty;

    /// <summary>True where the address is in one of the networks.</summary>
    public bool Contains(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6
            ? _v4.Contains(ReadV4(address))
            : _v6.Contains(ReadV6(address));

    /// <summary>True where every address of the network is in one of the networks.</summary>
    public bool Contains(IPNetwork network)
    {
        network = Canonical(network);
        if (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork)
        {
            var (first, last) = RangeV4(network);
            return _v4.Contains(first, last);
        }

        var (from, to) = RangeV6(network);
        return _v6.Contains(from, to);
    }

    /// <summary>True where it is an IP address in one of the networks; a Unix socket's peer is in none.</summary>
    public bool Contains(EndPoint? address) => address is IPEndPoint ip && Contains(ip.Address);

    /// <summary>The network that is meant: one of IPv4 addresses written as IPv6 becomes the IPv4 network.</summary>
    public static IPNetwork Canonical(IPNetwork network) =>
        network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= MappedBits
            ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - MappedBits)
            : network;

    private static (uint First, uint Last) RangeV4(IPNetwork network)
    {
        var hosts = network.PrefixLength == 0 ? uint.MaxValue : (uint)(((ulong)1 << (32 - network.PrefixLength)) - 1);
        var first = ReadV4(network.BaseAddress);
        return (first, first | hosts);
    }

    private static (UInt128 First, UInt128 Last) RangeV6(IPNetwork network)
    {
        var hosts = network.PrefixLength == 0 ? UInt128.MaxValue : (UInt128.One << (128 - network.PrefixLength)) - 1;
        var first = ReadV6(network.BaseAddress);
        return (first, first | hosts);
    }

    private static uint ReadV4(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes[(length - sizeof(uint))..length]);
    }

    private static UInt128 ReadV6(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
