using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>
/// Reads the field lines of a head or of trailers (RFC 9112 section 5), in one pass: names are tokens right before their colon, values
/// have no control characters but tabs, every line ends with CR LF, and none continues the one before it (obs-fold).
/// </summary>
/// <remarks>
/// Sixteen bytes at a time, which is most names at once: a search of the platform's for each name and value costs twice that. It looks past
/// the end of a line, and of the list, where <see cref="HeaderList.Slack"/> is; the CR of the empty line ends every search before that.
/// What a token and a value may have is that of <see cref="FieldText"/>, which a test compares.
/// </remarks>
internal static class FieldLines
{
    // Which high nibbles make a token with a low nibble: bit n of an element is set where the byte 0xn? is a tchar.
    private static readonly Vector128<byte> HighNibblesOfTokens = TokenTable();

    private static readonly Vector128<byte> BitOfHighNibble = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>Adds the lines from <paramref name="start"/> to <paramref name="end"/> of the list's bytes; the last of them has to be, and only it may be, empty.</summary>
    /// <returns>False where a line breaks the rules.</returns>
    public static bool TryParse(HeaderList list, int start, int end)
    {
        var bytes = list.Bytes[..end];
        ref var first = ref MemoryMarshal.GetReference(bytes);
        var at = start;
        while (bytes[at] != '\r')
        {
            var colon = at + TokenLength(ref first, at);
            if (colon == at || bytes[colon] != ':')
            {
                return false;
            }

            var stop = colon + 1 + ValueLength(ref first, colon + 1);
            if (bytes[stop] != '\r' || bytes[stop + 1] != '\n')
            {
                return false;
            }

            // Exactly "name: value CR LF" is copied as it is; any other white space is written anew.
            var value = colon + 1;
            var last = stop;
            var verbatim = stop - value > 1 && bytes[value] == ' ' && !IsSpace(bytes[value + 1]) && !IsSpace(bytes[stop - 1]);
            if (verbatim)
            {
                value++;
            }
            else
            {
                for (; value < stop && IsSpace(bytes[value]); value++)
                {
                }

                for (; last > value && IsSpace(bytes[last - 1]); last--)
                {
                }
            }

            list.AddSlice(KnownHeaders.Find(bytes[at..colon]), at, colon - at, value, last - value, verbatim);
            at = stop + 2;
        }

        return at == end - 2;
    }

    private static bool IsSpace(byte value) => value is (byte)' ' or (byte)'\t';

    private static int TokenLength(ref byte first, int start)
    {
        for (var length = 0; ; length += Vector128<byte>.Count)
        {
            var bytes = Vector128.LoadUnsafe(ref first, (nuint)(start + length));
            var low = bytes & Vector128.Create((byte)0x0f);
            var high = (bytes.AsUInt16() >>> 4).AsByte() & Vector128.Create((byte)0x0f);
            var tokens = Vector128.ShuffleNative(HighNibblesOfTokens, low) & Vector128.ShuffleNative(BitOfHighNibble, high);
            var others = Vector128.Equals(tokens, Vector128<byte>.Zero).ExtractMostSignificantBits();
            if (others != 0)
            {
                return length + BitOperations.TrailingZeroCount(others);
            }
        }
    }

    private static int ValueLength(ref byte first, int start)
    {
        for (var length = 0; ; length += Vector128<byte>.Count)
        {
            var bytes = Vector128.LoadUnsafe(ref first, (nuint)(start + length));
            var controls = Vector128.LessThan(bytes, Vector128.Create((byte)' ')) & ~Vector128.Equals(bytes, Vector128.Create((byte)'\t'));
            var allOnes = Vector128.Equals(bytes & Vector128.Create((byte)0x7f), Vector128.Create((byte)0x7f));
            var forbidden = (controls | allOnes).ExtractMostSignificantBits();
            if (forbidden != 0)
            {
                return length + BitOperations.TrailingZeroCount(forbidden);
            }
        }
    }

    private static Vector128<byte> TokenTable()
    {
        Span<byte> table = stackalloc byte[Vector128<byte>.Count];
        for (var code = 0; code < 128; code++)
        {
            if (FieldText.IsToken([(byte)code]))
            {
                table[code & 0x0f] |= (byte)(1 << (code >> 4));
            }
        }

        return Vector128.Create<byte>(table);
    }
}
