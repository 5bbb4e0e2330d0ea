using System.Buffers.Binary;
using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Connections.ProxyProtocol;

/// <summary>
/// Writes PROXY headers (haproxy, doc/proxy-protocol.txt). Addresses of two families are written as IPv6; where there is
/// no IP address, the header says that nothing is known (v1 UNKNOWN, v2 UNSPEC). Allocates nothing.
/// </summary>
internal static class ProxyHeaderWriter
{
    /// <summary>The longest header that it writes, in bytes: the longest that is read, its addresses become IPv6.</summary>
    public const int MaxBytes = ProxyHeaderReader.MaxBytes + BinaryProxyHeader.IPv6Bytes;

    private const byte LocalCommand = 0x20;
    private const byte ProxyCommand = 0x21;
    private const byte Unspecified = 0x00;
    private const byte StreamOverIPv4 = 0x11;
    private const byte StreamOverIPv6 = 0x21;

    /// <summary>Writes the header of a client's connection and returns its length.</summary>
    /// <param name="version">Its version.</param>
    /// <param name="source">Where the client connected from; null where it has no address.</param>
    /// <param name="destination">What it connected to; null likewise.</param>
    /// <param name="tlvs">Valid TLVs to pass on, of a header within <see cref="ProxyHeaderReader.MaxBytes"/>; a checksum is computed anew. Version 1 has none.</param>
    /// <param name="into">At least <see cref="MaxBytes"/>.</param>
    public static int Write(ProxyVersion version, EndPoint? source, EndPoint? destination, ReadOnlySpan<byte> tlvs, Span<byte> into)
    {
        var known = source is IPEndPoint && destination is IPEndPoint;
        var (from, to) = known ? ((IPEndPoint)source!, (IPEndPoint)destination!) : (null, null);
        var isIPv4 = known && IsIPv4(from!.Address) && IsIPv4(to!.Address);
        return version == ProxyVersion.V1 ? WriteText(from, to, isIPv4, into) : WriteBinary(from, to, isIPv4, tlvs, into);
    }

    /// <summary>Writes the header of a connection of our own, such as a probe's, and returns its length.</summary>
    public static int WriteLocal(ProxyVersion version, Span<byte> into)
    {
        if (version == ProxyVersion.V1)
        {
            return WriteText(null, null, isIPv4: false, into);
        }

        WriteFixed(LocalCommand, Unspecified, bodyBytes: 0, into);
        return BinaryProxyHeader.FixedBytes;
    }

    private static int WriteText(IPEndPoint? source, IPEndPoint? destination, bool isIPv4, Span<byte> into)
    {
        if (source is null || destination is null)
        {
            var unknown = "PROXY UNKNOWN\r\n"u8;
            unknown.CopyTo(into);
            return unknown.Length;
        }

        var at = Append(isIPv4 ? "PROXY TCP4 "u8 : "PROXY TCP6 "u8, into, 0);
        at = AppendAddress(source.Address, isIPv4, into, at);
        at = Append(" "u8, into, at);
        at = AppendAddress(destination.Address, isIPv4, into, at);
        at = Append(" "u8, into, at);
        at = AppendNumber(source.Port, into, at);
        at = Append(" "u8, into, at);
        at = AppendNumber(destination.Port, into, at);
        return Append("\r\n"u8, into, at);
    }

    private static int WriteBinary(IPEndPoint? source, IPEndPoint? destination, bool isIPv4, ReadOnlySpan<byte> tlvs, Span<byte> into)
    {
        if (source is null || destination is null)
        {
            // Behind an unspecified family nobody can tell where TLVs begin.
            WriteFixed(ProxyCommand, Unspecified, bodyBytes: 0, into);
            return BinaryProxyHeader.FixedBytes;
        }

        var addresses = isIPv4 ? BinaryProxyHeader.IPv4Bytes : BinaryProxyHeader.IPv6Bytes;
        WriteFixed(ProxyCommand, isIPv4 ? StreamOverIPv4 : StreamOverIPv6, addresses + tlvs.Length, into);
        var body = into[BinaryProxyHeader.FixedBytes..];
        var addressBytes = (addresses - (2 * sizeof(ushort))) / 2;
        WriteAddress(source.Address, isIPv4, body);
        WriteAddress(destination.Address, isIPv4, body[addressBytes..]);
        BinaryPrimitives.WriteUInt16BigEndian(body[(2 * addressBytes)..], (ushort)source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(body[((2 * addressBytes) + sizeof(ushort))..], (ushort)destination.Port);
        tlvs.CopyTo(body[addresses..]);
        var length = BinaryProxyHeader.FixedBytes + addresses + tlvs.Length;
        ProxyTlvs.Seal(into[..length], BinaryProxyHeader.FixedBytes + addresses);
        return length;
    }

    private static void WriteFixed(byte command, byte family, int bodyBytes, Span<byte> into)
    {
        BinaryProxyHeader.Signature.CopyTo(into);
        into[12] = command;
        into[13] = family;
        BinaryPrimitives.WriteUInt16BigEndian(into[14..], (ushort)bodyBytes);
    }

    private static void WriteAddress(IPAddress address, bool asIPv4, Span<byte> into)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        if (asIPv4)
        {
            bytes[(length - 4)..length].CopyTo(into);
        }
        else if (length == 16)
        {
            bytes.CopyTo(into);
        }
        else
        {
            // RFC 4291, section 2.5.5.2: ::ffff:a.b.c.d
            into[..10].Clear();
            into[10] = into[11] = 0xFF;
            bytes[..4].CopyTo(into[12..]);
        }
    }

    private static int AppendAddress(IPAddress address, bool asIPv4, Span<byte> into, int at)
    {
        // As hexadecimal groups or dotted: inet_pton, which receivers use, takes "::ffff:10.0.0.1" as well.
        if (asIPv4 && address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            Span<byte> bytes = stackalloc byte[4];
            WriteAddress(address, asIPv4: true, bytes);
            for (var octet = 0; octet < bytes.Length; octet++)
            {
                at = octet == 0 ? at : Append("."u8, into, at);
                at = AppendNumber(bytes[octet], into, at);
            }

            return at;
        }

        at = asIPv4 || address.AddressFamily == AddressFamily.InterNetworkV6 ? at : Append("::ffff:"u8, into, at);
        address.TryFormat(into[at..], out var length);

        // A scope means something on this machine only.
        var scope = into.Slice(at, length).IndexOf((byte)'%');
        return at + (scope < 0 ? length : scope);
    }

    private static int AppendNumber(int number, Span<byte> into, int at)
    {
        Utf8Formatter.TryFormat(number, into[at..], out var length);
        return at + length;
    }

    private static int Append(ReadOnlySpan<byte> bytes, Span<byte> into, int at)
    {
        bytes.CopyTo(into[at..]);
        return at + bytes.Length;
    }

    private static bool IsIPv4(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6;
}
