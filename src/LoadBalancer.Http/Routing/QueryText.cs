namespace LoadBalancer.Http.Routing;

/// <summary>A query as browsers write it: pairs of <c>name=value</c> with <c>&amp;</c> between them, percent-encoded, <c>+</c> for a space.</summary>
internal static class QueryText
{
    /// <summary>Whether <paramref name="query"/> has the parameter once, with that value. Compared decoded; <c>;</c> divides nothing.</summary>
    public static bool HasOnce(ReadOnlySpan<byte> query, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var found = false;
        while (!query.IsEmpty)
        {
            var end = query.IndexOf((byte)'&');
            var pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            var equals = pair.IndexOf((byte)'=');
            if (DecodesTo(equals < 0 ? pair : pair[..equals], name))
            {
                if (found || !DecodesTo(equals < 0 ? default : pair[(equals + 1)..], value))
                {
                    return false;
                }

                found = true;
            }
        }

        return found;
    }

    /// <summary>Whether <paramref name="written"/> decodes to <paramref name="text"/>.</summary>
    public static bool DecodesTo(ReadOnlySpan<byte> written, ReadOnlySpan<byte> text)
    {
        var at = 0;
        foreach (var letter in text)
        {
            if (at >= written.Length)
            {
                return false;
            }

            var decoded = written[at++];
            if (decoded == '+')
            {
                decoded = (byte)' ';
            }
            else if (decoded == '%' && at + 1 < written.Length && char.IsAsciiHexDigit((char)written[at]) && char.IsAsciiHexDigit((char)written[at + 1]))
            {
                decoded = (byte)((DigitOf(written[at]) << 4) | DigitOf(written[at + 1]));
                at += 2;
            }

            if (decoded != letter)
            {
                return false;
            }
        }

        return at == written.Length;
    }

    private static int DigitOf(byte letter) => letter <= '9' ? letter - '0' : (letter | 0x20) - 'a' + 10;
}
