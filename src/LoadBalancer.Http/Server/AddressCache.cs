using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Http.Server;

/// <summary>
/// IP addresses by their text, so that a client behind a trusted proxy costs an object once and not with every request. A loop has its
/// own; touched only there. It holds a fixed number of them: what falls on a taken place replaces it.
/// </summary>
internal sealed class AddressCache
{
    private const int Places = 256;

    /// <summary>The longest text of an IPv6 address: six groups and an IPv4 address.</summary>
    private const int LongestText = 45;

    private static readonly SearchValues<byte> InIPv6 = SearchValues.Create("0123456789abcdefABCDEF:."u8);

    private readonly Entry[] _entries = new Entry[Places];

    /// <summary>
    /// Reads an address without port or brackets, in its strict form: what some programs take for another address (octal and short forms
    /// of IPv4) is none, and neither is a scope.
    /// </summary>
    public bool TryParse(ReadOnlySpan<byte> text, out IPAddress address)
    {
        address = IPAddress.None;
        if (text.Length is 0 or > LongestText)
        {
            return false;
        }

        ref var entry = ref _entries[Place(text)];
        if (entry.Address is { } known && text.SequenceEqual(entry.Text.AsSpan(0, entry.Length)))
        {
            address = known;
            return true;
        }

        if (!IsFormed(text) || !IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }

        entry.Text ??= new byte[LongestText];
        text.CopyTo(entry.Text);
        entry.Length = text.Length;
        entry.Address = address = parsed.AddressFamily == AddressFamily.InterNetworkV6 && parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
        return true;
    }

    private static int Place(ReadOnlySpan<byte> text)
    {
        var hash = 2166136261u;
        foreach (var letter in text)
        {
            hash = (hash ^ letter) * 16777619u;
        }

        return (int)((hash ^ (hash >> 16)) % Places);
    }

    private static bool IsFormed(ReadOnlySpan<byte> text)
    {
        if (text.Contains((byte)':'))
        {
            return !text.ContainsAnyExcept(InIPv6);
        }

        var (octets, digits, value) = (1, 0, 0);
        foreach (var letter in text)
        {
            if (letter == '.')
            {
                if (digits == 0)
                {
                    return false;
                }

                (octets, digits, value) = (octets + 1, 0, 0);
            }
            else if (char.IsAsciiDigit((char)letter) && !(digits > 0 && value == 0))
            {
                digits++;
                value = (value * 10) + letter - '0';
                if (value > byte.MaxValue)
                {
                    return false;
                }
            }
            else
            {
                return false;
            }
        }

        return octets == 4 && digits > 0;
    }

    private struct Entry
    {
        public byte[]? Text;
        public int Length;
        public IPAddress? Address;
    }
}
