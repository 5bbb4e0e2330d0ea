using System.Buffers.Binary;
using System.Net;

namespace LoadBalancer.Connections.ProxyProtocol;

/// <summary>
/// The PROXY header of version 2 (doc/proxy-protocol.txt, section 2.2):
/// <code>
///   0          12        13          14       16
///   signature │ version  │ family    │ length │ addresses │ TLVs
///             │ command  │ transport │
/// </code>
/// </summary>
internal static class BinaryProxyHeader
{
    /// <summary>Everything before the addresses.</summary>
    public const int FixedBytes = 16;

    /// <summary>Two IPv4 addresses and ports.</summary>
    public const int IPv4Bytes = 12;

    /// <summary>Two IPv6 addresses and ports.</summary>
    public const int IPv6Bytes = 36;

    private const int UnixBytes = 216;
    private const int Version = 0x20;
    private const int Local = 0x0;
    private const int Proxy = 0x1;
    private const int Unspecified = 0x0;
    private const int IPv4 = 0x1;
    private const int IPv6 = 0x2;
    private const int Unix = 0x3;
    private const int LastTransport = 0x2;

    /// <summary>What it begins with.</summary>
    public static ReadOnlySpan<byte> Signature => [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    /// <summary>Reads a header that begins with <see cref="Signature"/>; see <see cref="ProxyHeaderReader.Read"/>.</summary>
    public static ProxyHeaderOutcome Read(ReadOnlySpan<byte> bytes, out int length, out ProxyHeader header)
    {
        (length, header) = (0, default);
        if (bytes.Length > 12 && (bytes[12] & 0xF0) != Version)
        {
            return ProxyHeaderOutcome.Invalid;
        }

        if (bytes.Length < FixedBytes)
        {
            return ProxyHeaderOutcome.Incomplete;
        }

        var total = FixedBytes + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (total > ProxyHeaderReader.MaxBytes)
        {
            return ProxyHeaderOutcome.Invalid;
        }

        if (bytes.Length < total)
        {
            return ProxyHeaderOutcome.Incomplete;
        }

        if (!TryRead(bytes[..total], out var read))
        {
            return ProxyHeaderOutcome.Invalid;
        }

        (length, header) = (total, read);
        return ProxyHeaderOutcome.Complete;
    }

    private static bool TryRead(ReadOnlySpan<byte> whole, out ProxyHeader header)
    {
        header = new ProxyHeader { Version = ProxyVersion.V2 };
        var command = whole[12] & 0xF;
        if (command == Local)
        {
            // The rest is to be discarded, whatever it says.
            header = header with { IsLocal = true };
            return true;
        }

        var (family, transport) = (whole[13] >> 4, whole[13] & 0xF);
        if (command != Proxy || family > Unix || transport > LastTransport)
        {
            return false;
        }

        if (family == Unspecified || transport == Unspecified)
        {
            // Nothing says how long the addresses of an unknown family are, or where TLVs would begin.
            return true;
        }

        var body = whole[FixedBytes..];
        var addressBytes = family == IPv4 ? IPv4Bytes : family == IPv6 ? IPv6Bytes : UnixBytes;
        if (body.Length < addressBytes || !ProxyTlvs.AreValid(whole, FixedBytes + addressBytes))
        {
            return false;
        }

        var tlvs = body[addressBytes..];
        header = header with
        {
            // The path of a Unix socket means something on the proxy's machine only.
            Source = family == Unix ? null : AddressAt(body, family, second: 0),
            Destination = family == Unix ? null : AddressAt(body, family, second: 1),
            Tlvs = tlvs.IsEmpty ? null : tlvs.ToArray(),
        };
        return true;
    }

    private static IPEndPoint AddressAt(ReadOnlySpan<byte> body, int family, int second)
    {
        var (bytes, ports) = family == IPv4 ? (4, IPv4Bytes - 4) : (16, IPv6Bytes - 4);
        return new IPEndPoint(
            new IPAddress(body.Slice(second * bytes, bytes)),
            BinaryPrimitives.ReadUInt16BigEndian(body[(ports + (second * sizeof(ushort)))..]));
    }
}
