using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Connections.ProxyProtocol;

/// <summary>The PROXY header of version 1: one line of at most 107 bytes (doc/proxy-protocol.txt, section 2.1).</summary>
internal static class TextProxyHeader
{
    /// <summary>The longest line, CR LF included: two IPv6 addresses of 39 characters.</summary>
    public const int MaxBytes = 107;

    private const int Fields = 4;

    /// <summary>What it begins with.</summary>
    public static ReadOnlySpan<byte> Signature => "PROXY "u8;

    /// <summary>Reads a line that begins with <see cref="Signature"/>; see <see cref="ProxyHeaderReader.Read"/>.</summary>
    public static ProxyHeaderOutcome Read(ReadOnlySpan<byte> bytes, out int length, out ProxyHeader header)
    {
        (length, header) = (0, default);
        var end = bytes[..Math.Min(bytes.Length, MaxBytes)].IndexOf((byte)'\n');
        if (end < 0)
        {
            return bytes.Length < MaxBytes ? ProxyHeaderOutcome.Incomplete : ProxyHeaderOutcome.Invalid;
        }

        var line = bytes[Signature.Length..end];
        if (!line.EndsWith("\r"u8) || !TryReadFields(line[..^1], out var read))
        {
            return ProxyHeaderOutcome.Invalid;
        }

        (length, header) = (end + 1, read);
        return ProxyHeaderOutcome.Complete;
    }

    private static bool TryReadFields(ReadOnlySpan<byte> line, out ProxyHeader header)
    {
        header = new ProxyHeader { Version = ProxyVersion.V1 };
        if (line.SequenceEqual("UNKNOWN"u8) || line.StartsWith("UNKNOWN "u8))
        {
            // Whatever follows the word is to be ignored.
            return true;
        }

        var family = line.StartsWith("TCP4 "u8) ? AddressFamily.InterNetwork
            : line.StartsWith("TCP6 "u8) ? AddressFamily.InterNetworkV6
            : AddressFamily.Unspecified;
        if (family == AddressFamily.Unspecified)
        {
            return false;
        }

        // One more than there may be, to see that there is no fifth.
        Span<Range> fields = stackalloc Range[Fields + 1];
        var rest = line["TCP4 ".Length..];
        if (!TrySplit(rest, fields)
            || !TryReadAddress(rest[fields[0]], family, out var source) || !TryReadAddress(rest[fields[1]], family, out var destination)
            || !TryReadPort(rest[fields[2]], out var sourcePort) || !TryReadPort(rest[fields[3]], out var destinationPort))
        {
            return false;
        }

        header = header with { Source = new IPEndPoint(source, sourcePort), Destination = new IPEndPoint(destination, destinationPort) };
        return true;
    }

    private static bool TrySplit(ReadOnlySpan<byte> rest, Span<Range> fields)
    {
        var count = 0;
        foreach (var field in rest.Split((byte)' '))
        {
            if (count == Fields)
            {
                return false;
            }

            fields[count++] = field;
        }

        return count == Fields;
    }

    // The framework's parser takes more than an address may be here: scopes, brackets, octal and short forms.
    private static bool TryReadAddress(ReadOnlySpan<byte> text, AddressFamily family, out IPAddress address)
    {
        address = IPAddress.None;
        var allowed = family == AddressFamily.InterNetwork ? "0123456789."u8 : "0123456789ABCDEFabcdef:."u8;
        return !text.ContainsAnyExcept(allowed)
            && (family != AddressFamily.InterNetwork || IsDottedQuad(text))
            && IPAddress.TryParse(text, out address!) && address.AddressFamily == family;
    }

    private static bool IsDottedQuad(ReadOnlySpan<byte> text)
    {
        var octets = 0;
        foreach (var octet in text.Split((byte)'.'))
        {
            if (!TryReadNumber(text[octet], byte.MaxValue, out _))
            {
                return false;
            }

            octets++;
        }

        return octets == 4;
    }

    private static bool TryReadPort(ReadOnlySpan<byte> text, out int port) => TryReadNumber(text, ushort.MaxValue, out port);

    // "Heading zeroes are not permitted in front of numbers": 010 would be 8 to some.
    private static bool TryReadNumber(ReadOnlySpan<byte> text, int atMost, out int number)
    {
        number = 0;
        return text.Length is > 0 and <= 5 && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && (text.Length == 1 || text[0] != '0')
            && Utf8Parser.TryParse(text, out number, out _) && number <= atMost;
    }
}
