using System.Text;

namespace LoadBalancer.Redis;

/// <summary>
/// Reads replies of the Redis protocol, version 2 (RESP2, "Redis serialization protocol specification"). Strict, and bounded in every direction:
/// the answers that this program asks for are short. Pure.
/// </summary>
/// <remarks>Version 2 is what every server speaks, and a list of numbers is the same in both.</remarks>
internal static class RespReader
{
    /// <summary>The longest text in bytes.</summary>
    public const int LongestText = 64 * 1024;

    /// <summary>The longest line in bytes: of an error, of a number, of a length.</summary>
    public const int LongestLine = 4 * 1024;

    /// <summary>The longest list.</summary>
    public const int MostItems = 4096;

    /// <summary>How deep lists may be in lists.</summary>
    public const int Deepest = 4;

    /// <summary>The longest reply in bytes.</summary>
    public const int LongestReply = 256 * 1024;

    // "OK" and "PONG" answer most commands that are no scripts.
    private static readonly byte[] Ok = "OK"u8.ToArray();
    private static readonly byte[] Pong = "PONG"u8.ToArray();

    /// <summary>Reads the reply that <paramref name="bytes"/> begin with.</summary>
    /// <param name="bytes">What has come.</param>
    /// <param name="reply">The reply, where it is whole.</param>
    /// <param name="length">How many bytes it is, where it is whole.</param>
    public static RespStatus TryRead(ReadOnlySpan<byte> bytes, out RedisReply reply, out int length)
    {
        length = 0;
        var status = TryReadAt(bytes, ref length, depth: 0, out reply);
        return status == RespStatus.Incomplete && bytes.Length >= LongestReply ? RespStatus.Malformed : status;
    }

    private static RespStatus TryReadAt(ReadOnlySpan<byte> bytes, ref int at, int depth, out RedisReply reply)
    {
        reply = default;
        var status = TryReadLine(bytes, at, out var line, out var next);
        if (status != RespStatus.Whole)
        {
            return status;
        }

        var rest = line[1..];
        at = next;
        switch (line[0])
        {
            case (byte)'+':
                reply = RedisReply.Of(rest.SequenceEqual(Ok) ? Ok : rest.SequenceEqual(Pong) ? Pong : rest.ToArray());
                return RespStatus.Whole;
            case (byte)'-':
                reply = RedisReply.OfError(Encoding.UTF8.GetString(rest));
                return RespStatus.Whole;
            case (byte)':':
                if (!TryReadNumber(rest, out var number))
                {
                    return RespStatus.Malformed;
                }

                reply = RedisReply.Of(number);
                return RespStatus.Whole;
            case (byte)'$':
                return TryReadNumber(rest, out number) ? TryReadText(bytes, ref at, number, out reply) : RespStatus.Malformed;
            case (byte)'*':
                return TryReadNumber(rest, out number) ? TryReadList(bytes, ref at, number, depth, out reply) : RespStatus.Malformed;
            default:
                return RespStatus.Malformed;
        }
    }

    private static RespStatus TryReadText(ReadOnlySpan<byte> bytes, ref int at, long count, out RedisReply reply)
    {
        reply = RedisReply.Null;
        if (count is < 0 or > LongestText)
        {
            return count == -1 ? RespStatus.Whole : RespStatus.Malformed;
        }

        var rest = bytes[at..];
        if (rest.Length < count + 2)
        {
            return rest.Length > count && rest[(int)count] != '\r' ? RespStatus.Malformed : RespStatus.Incomplete;
        }

        var text = rest[..(int)count];
        if (!rest.Slice((int)count, 2).SequenceEqual("\r\n"u8))
        {
            return RespStatus.Malformed;
        }

        reply = RedisReply.Of(text.ToArray());
        at += (int)count + 2;
        return RespStatus.Whole;
    }

    private static RespStatus TryReadList(ReadOnlySpan<byte> bytes, ref int at, long count, int depth, out RedisReply reply)
    {
        reply = RedisReply.Null;
        if (count is < 0 or > MostItems || depth == Deepest)
        {
            return count == -1 ? RespStatus.Whole : RespStatus.Malformed;
        }

        // Most lists are of a few numbers: those are found out without an object, and anything else from its beginning again.
        if (count <= RedisReply.MostNumbers)
        {
            Span<long> numbers = stackalloc long[RedisReply.MostNumbers];
            var (read, end) = (0, at);
            for (; read < count; read++)
            {
                var status = TryReadLine(bytes, end, out var line, out var next);
                if (status != RespStatus.Whole)
                {
                    return status;
                }

                if (line[0] != ':')
                {
                    break;
                }

                if (!TryReadNumber(line[1..], out numbers[read]))
                {
                    return RespStatus.Malformed;
                }

                end = next;
            }

            if (read == count)
            {
                at = end;
                reply = RedisReply.Of(numbers[..read]);
                return RespStatus.Whole;
            }
        }

        var items = new RedisReply[count];
        for (var index = 0; index < items.Length; index++)
        {
            var status = TryReadAt(bytes, ref at, depth + 1, out items[index]);
            if (status != RespStatus.Whole)
            {
                return status;
            }
        }

        reply = RedisReply.Of(items);
        return RespStatus.Whole;
    }

    /// <summary>A line with the byte that says what it is, and without its end; at least one byte.</summary>
    private static RespStatus TryReadLine(ReadOnlySpan<byte> bytes, int at, out ReadOnlySpan<byte> line, out int next)
    {
        var rest = bytes[at..];
        var end = rest.IndexOf((byte)'\r');
        line = end > 0 ? rest[..end] : default;
        next = at + end + 2;
        if (end > LongestLine || (end < 0 && rest.Length > LongestLine) || (rest.Length > 0 && !IsKind(rest[0])))
        {
            return RespStatus.Malformed;
        }

        if (end < 0 || rest.Length < end + 2)
        {
            return RespStatus.Incomplete;
        }

        return rest[end + 1] == '\n' && line.IndexOf((byte)'\n') < 0 ? RespStatus.Whole : RespStatus.Malformed;
    }

    private static bool IsKind(byte first) => first is (byte)'+' or (byte)'-' or (byte)':' or (byte)'$' or (byte)'*';

    private static bool TryReadNumber(ReadOnlySpan<byte> digits, out long number)
    {
        // The platform's parser takes a plus and stops at what it does not know.
        var isNumber = System.Buffers.Text.Utf8Parser.TryParse(digits, out number, out var read) && read == digits.Length;
        return isNumber && digits[0] != '+';
    }
}
