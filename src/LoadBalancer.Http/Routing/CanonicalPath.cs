using System.Buffers;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// The one form of a request's path: what is matched, logged and sent on, so that nobody behind lb reads another path than the one
/// that was decided on. A path that could be read in two ways has no such form, and is refused.
/// </summary>
/// <remarks>
/// <para>Unreserved characters are decoded, and all that stays encoded has upper-case digits (RFC 3986, sections 6.2.2.1 and 6.2.2.2);
/// characters that RFC 3986 leaves out of paths, such as a bracket, are encoded. Dot segments are resolved, slashes in a row are one.
/// Case matters, a slash at the end matters, and parameters behind <c>;</c> are part of their segment.</para>
/// <para>Refused: an encoded slash, backslash, control character, or percent sign before what looks like a further encoding; a raw
/// backslash, control character, number sign or byte above 0x7F; <c>%zz</c>; encoded bytes that are no UTF-8 (RFC 3629: no overlong
/// form, no surrogate); a dot segment with parameters, which servers of Java resolve; more <c>..</c> than there are segments.</para>
/// </remarks>
internal static class CanonicalPath
{
    private const string Hex = "0123456789ABCDEF";

    // RFC 3986: pchar without percent-encoding, and the slash.
    private static readonly SearchValues<byte> Plain =
        SearchValues.Create("/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@"u8);

    private static readonly SearchValues<byte> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);

    // What is encoded where it comes raw, as browsers leave some of these.
    private static readonly SearchValues<byte> Encoded = SearchValues.Create("\"<>[]^`{|}"u8);

    // Everything visible but the number sign: a query is passed on as it came.
    private static readonly SearchValues<byte> InQuery =
        SearchValues.Create([.. Enumerable.Range(0x21, 0x7e - 0x20).Where(code => code != '#').Select(code => (byte)code)]);

    /// <summary>
    /// Sets path and query of <paramref name="head"/> by its target: in origin form (RFC 9112, section 3.2.1), or behind the authority of an absolute one,
    /// which has been compared with Host.
    /// </summary>
    /// <returns><see cref="FaultKind.None"/>, or <see cref="FaultKind.PathInvalid"/>.</returns>
    public static FaultKind Read(RequestHead head)
    {
        var start = head.TargetSlice.Start;
        var path = head.Target;
        if (!path.StartsWith("/"u8) && path.IndexOf("://"u8) is var scheme and > 0)
        {
            var authority = scheme + "://".Length;
            var end = path[authority..].IndexOfAny((byte)'/', (byte)'?');
            var origin = end < 0 ? path.Length : authority + end;
            start += origin;
            path = path[origin..];
        }

        var mark = path.IndexOf((byte)'?');
        head.HasQuery = mark >= 0;
        if (mark >= 0)
        {
            var query = path[(mark + 1)..];
            if (query.ContainsAnyExcept(InQuery))
            {
                return FaultKind.PathInvalid;
            }

            head.QuerySlice = new Slice(start + mark + 1, query.Length);
            path = path[..mark];
        }

        if (path.IsEmpty && start > head.TargetSlice.Start)
        {
            head.PathSlice = new Slice(head.Fields.Append("/"u8), 1);
            return FaultKind.None;
        }

        // Nearly all paths are canonical as they came, and need no copy.
        if (path.StartsWith("/"u8) && !path.ContainsAnyExcept(Plain) && path.IndexOf("/."u8) < 0 && path.IndexOf("//"u8) < 0)
        {
            head.PathSlice = new Slice(start, path.Length);
            return FaultKind.None;
        }

        var (from, to) = (path.Length, head.Fields.Bytes.Length);
        var destination = head.Fields.Reserve(MostLength(path));
        // Reserving may have moved the bytes.
        var valid = TryWrite(head.Fields.Bytes.Slice(start, from), destination, out var length);
        head.PathSlice = new Slice(to, length);
        return valid ? FaultKind.None : FaultKind.PathInvalid;
    }

    /// <summary>
    /// Writes the canonical form of <paramref name="path"/>, which begins with a slash, to <paramref name="destination"/>; false where it
    /// has none. <see cref="MostLength"/> bytes have room for it.
    /// </summary>
    public static bool TryWrite(ReadOnlySpan<byte> path, Span<byte> destination, out int length)
    {
        length = 0;
        if (path.IsEmpty || path[0] != '/')
        {
            return false;
        }

        destination[0] = (byte)'/';
        var (at, to, segment) = (1, 1, 1);
        var percent = false;
        while (at < path.Length)
        {
            var letter = path[at];
            if (letter == '/')
            {
                at++;
                if (!EndSegment(destination, segment, ref to))
                {
                    return false;
                }

                if (destination[to - 1] != '/')
                {
                    destination[to++] = (byte)'/';
                }

                segment = to;
            }
            else if (letter == '%')
            {
                if (!Decode(path, ref at, destination, ref to, ref percent))
                {
                    return false;
                }
            }
            else if (Plain.Contains(letter))
            {
                destination[to++] = letter;
                at++;
            }
            else if (Encoded.Contains(letter))
            {
                Encode(letter, destination, ref to);
                at++;
            }
            else
            {
                return false;
            }
        }

        var valid = EndSegment(destination, segment, ref to) && !(percent && EncodesTwice(destination[..to]));
        length = valid ? to : 0;
        return valid;
    }

    /// <summary>How long the canonical form of <paramref name="path"/> is at most.</summary>
    public static int MostLength(ReadOnlySpan<byte> path)
    {
        var length = path.Length;
        for (var at = path.IndexOfAny(Encoded); at >= 0; at = path.IndexOfAny(Encoded))
        {
            length += 2;
            path = path[(at + 1)..];
        }

        return length;
    }

    // Resolves the segment that ends here where it is one of dots; false where it must not be.
    private static bool EndSegment(Span<byte> path, int segment, ref int to)
    {
        ReadOnlySpan<byte> text = path[segment..to];
        if (text.IsEmpty || text[0] != '.')
        {
            return true;
        }

        var dots = text.Length > 1 && text[1] == '.' ? 2 : 1;
        var rest = text[dots..];
        if (rest.IsEmpty)
        {
            to = segment;
            if (dots == 2)
            {
                if (segment == 1)
                {
                    return false;
                }

                to = path[..(segment - 1)].LastIndexOf((byte)'/') + 1;
            }

            return true;
        }

        return rest[0] != ';' && !rest.StartsWith("%3B"u8);
    }

    private static bool Decode(ReadOnlySpan<byte> path, ref int at, Span<byte> destination, ref int to, ref bool percent)
    {
        if (!TryReadEncoded(path, at, out var value))
        {
            return false;
        }

        if (value >= 0x80)
        {
            return CopyRune(path, ref at, value, destination, ref to);
        }

        at += 3;
        if (Unreserved.Contains(value))
        {
            destination[to++] = value;
            return true;
        }

        percent |= value == '%';
        Encode(value, destination, ref to);
        return value is not ((byte)'/' or (byte)'\\' or < 0x20 or 0x7f);
    }

    // A whole character of UTF-8, whose bytes stay encoded.
    private static bool CopyRune(ReadOnlySpan<byte> path, ref int at, byte first, Span<byte> destination, ref int to)
    {
        Span<byte> bytes = stackalloc byte[4];
        bytes[0] = first;
        var length = 1;
        for (var most = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4; length < most; length++)
        {
            if (!TryReadEncoded(path, at + (3 * length), out bytes[length]))
            {
                return false;
            }
        }

        if (Rune.DecodeFromUtf8(bytes[..length], out _, out var consumed) != OperationStatus.Done || consumed != length)
        {
            return false;
        }

        foreach (var value in bytes[..length])
        {
            Encode(value, destination, ref to);
        }

        at += 3 * length;
        return true;
    }

    private static bool TryReadEncoded(ReadOnlySpan<byte> path, int at, out byte value)
    {
        value = 0;
        if (at + 2 >= path.Length || path[at] != '%' || !char.IsAsciiHexDigit((char)path[at + 1]) || !char.IsAsciiHexDigit((char)path[at + 2]))
        {
            return false;
        }

        value = (byte)((DigitOf(path[at + 1]) << 4) | DigitOf(path[at + 2]));
        return true;
    }

    private static int DigitOf(byte letter) => letter <= '9' ? letter - '0' : (letter | 0x20) - 'a' + 10;

    private static void Encode(byte value, Span<byte> destination, ref int to)
    {
        destination[to++] = (byte)'%';
        destination[to++] = (byte)Hex[value >> 4];
        destination[to++] = (byte)Hex[value & 15];
    }

    // Whoever decodes once more would read another path. Asked of the result: "%25%36%31" is "%2561" by now.
    private static bool EncodesTwice(ReadOnlySpan<byte> path)
    {
        for (var at = path.IndexOf("%25"u8); at >= 0; at = path.IndexOf("%25"u8))
        {
            path = path[(at + 3)..];
            if (path.Length >= 2 && char.IsAsciiHexDigit((char)path[0]) && char.IsAsciiHexDigit((char)path[1]))
            {
                return true;
            }
        }

        return false;
    }
}
