using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace LoadBalancer.Discovery.Dns;

/// <summary>A whole domain name in its form on the wire, in small letters: names are equal whatever their case (RFC 4343). Immutable.</summary>
internal sealed class DnsName : IEquatable<DnsName>
{
    /// <summary>The octets of the longest name, lengths and root included (RFC 1035 §2.3.4).</summary>
    public const int Longest = 255;

    /// <summary>The octets of the longest label.</summary>
    public const int LongestLabel = 63;

    private readonly byte[] _wire;

    private DnsName(ReadOnlySpan<byte> wire) => _wire = wire.ToArray();

    /// <summary>Labels, each behind its length, and the root.</summary>
    public ReadOnlySpan<byte> Wire => _wire;

    /// <summary>Reads a name of printable ASCII; a dot at its end is allowed and means nothing here.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        Span<byte> wire = stackalloc byte[Longest];
        var length = 0;
        foreach (var label in (text.EndsWith('.') ? text[..^1] : text).Split('.'))
        {
            if (label.Length is 0 or > LongestLabel || length + label.Length + 2 > Longest || !Ascii.IsValid(label) || label.Any(letter => letter is <= ' ' or '\x7f'))
            {
                return false;
            }

            wire[length++] = (byte)label.Length;
            foreach (var letter in label)
            {
                wire[length++] = (byte)char.ToLowerInvariant(letter);
            }
        }

        wire[length++] = 0;
        name = new DnsName(wire[..length]);
        return true;
    }

    /// <summary>Reads the name at <paramref name="at"/> of a message, and moves behind it.</summary>
    /// <remarks>
    /// Each pointer has to lead to before the part that it ends, so a message cannot send its reader in a circle (RFC 1035 §4.1.4
    /// says "a prior occurrence").
    /// </remarks>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int at, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        Span<byte> wire = stackalloc byte[Longest];
        var (length, place, before, behind) = (0, at, at, -1);
        while (place < message.Length)
        {
            int first = message[place];
            switch (first >> 6)
            {
                case 0:
                    if (place + 1 + first > message.Length || length + 1 + first > Longest)
                    {
                        return false;
                    }

                    wire[length] = (byte)first;
                    CopyLower(message.Slice(place + 1, first), wire[(length + 1)..]);
                    length += 1 + first;
                    place += 1 + first;
                    if (first == 0)
                    {
                        at = behind < 0 ? place : behind;
                        name = new DnsName(wire[..length]);
                        return true;
                    }

                    break;
                case 3:
                    if (place + 2 > message.Length)
                    {
                        return false;
                    }

                    var target = ((first & 0x3f) << 8) | message[place + 1];
                    if (target >= before)
                    {
                        return false;
                    }

                    behind = behind < 0 ? place + 2 : behind;
                    place = before = target;
                    break;
                default:
                    // Kinds of labels that were proposed and given up.
                    return false;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public bool Equals(DnsName? other) => other is not null && Wire.SequenceEqual(other.Wire);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DnsName);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_wire);
        return hash.ToHashCode();
    }

    /// <summary>The form of the file, for messages; what is not printable is a question mark.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (var at = 0; _wire[at] != 0; at += 1 + _wire[at])
        {
            text.Append(text.Length > 0 ? "." : "");
            foreach (var octet in _wire.AsSpan(at + 1, _wire[at]))
            {
                text.Append(octet is > (byte)' ' and < 0x7f ? (char)octet : '?');
            }
        }

        return text.Length == 0 ? "." : text.ToString();
    }

    private static void CopyLower(ReadOnlySpan<byte> from, Span<byte> to)
    {
        for (var at = 0; at < from.Length; at++)
        {
            to[at] = from[at] is >= (byte)'A' and <= (byte)'Z' ? (byte)(from[at] | 0x20) : from[at];
        }
    }
}
