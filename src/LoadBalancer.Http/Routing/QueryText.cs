using LoadBalancer.Http.Server;

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
            var pair = Next(ref query);
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

    /// <summary>The first parameter of that name.</summary>
    /// <param name="query">Where it is looked for.</param>
    /// <param name="name">The name, decoded.</param>
    /// <param name="written">Its value as it was written; empty without one.</param>
    /// <param name="rest">What follows it.</param>
    public static bool Find(ReadOnlySpan<byte> query, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> written, out ReadOnlySpan<byte> rest)
    {
        rest = query;
        while (!rest.IsEmpty)
        {
            var pair = Next(ref rest);
            var equals = pair.IndexOf((byte)'=');
            if (DecodesTo(equals < 0 ? pair : pair[..equals], name))
            {
                written = equals < 0 ? default : pair[(equals + 1)..];
                return true;
            }
        }

        written = default;
        return false;
    }

    /// <summary>Decodes a value into <paramref name="text"/>.</summary>
    /// <returns>How many bytes; as many as there is room for where there are more.</returns>
    public static int Decode(ReadOnlySpan<byte> written, Span<byte> text)
    {
        var length = 0;
        for (var at = 0; at < written.Length && length < text.Length; at++)
        {
            var letter = written[at];
            if (letter == '%' && at + 2 < written.Length && char.IsAsciiHexDigit((char)written[at + 1]) && char.IsAsciiHexDigit((char)written[at + 2]))
            {
                letter = (byte)((DigitOf(written[at + 1]) << 4) | DigitOf(written[at + 2]));
                at += 2;
            }
            else if (letter == '+')
            {
                letter = (byte)' ';
            }

            text[length++] = letter;
        }

        return length;
    }

    /// <summary>The query without the parameters of that name, at the end of <paramref name="fields"/>.</summary>
    public static Slice Without(HeaderList fields, Slice query, ReadOnlySpan<byte> name)
    {
        var start = fields.Bytes.Length;
        var rest = query.Of(fields);
        while (!rest.IsEmpty)
        {
            var pair = Next(ref rest);
            var equals = pair.IndexOf((byte)'=');
            if (!DecodesTo(equals < 0 ? pair : pair[..equals], name))
            {
                if (fields.Bytes.Length > start)
                {
                    fields.Append("&"u8);
                }

                fields.Append(pair);
            }
        }

        return new Slice(start, fields.Bytes.Length - start);
    }

    /// <summary>The query of the parameters of these names alone, in the order of the names, each as often and as it was written; at the end of <paramref name="fields"/>.</summary>
    public static Slice Only(HeaderList fields, Slice query, ReadOnlySpan<byte[]> names)
    {
        var start = fields.Bytes.Length;
        foreach (var name in names)
        {
            for (var rest = query.Of(fields); !rest.IsEmpty;)
            {
                var pair = Next(ref rest);
                var equals = pair.IndexOf((byte)'=');
                if (DecodesTo(equals < 0 ? pair : pair[..equals], name))
                {
                    if (fields.Bytes.Length > start)
                    {
                        fields.Append("&"u8);
                    }

                    fields.Append(pair);
                }
            }
        }

        return new Slice(start, fields.Bytes.Length - start);
    }

    /// <summary>The pair that <paramref name="rest"/> begins with, which is taken off it, with the <c>&amp;</c> behind it.</summary>
    public static ReadOnlySpan<byte> Next(scoped ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)'&');
        var pair = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return pair;
    }

    private static int DigitOf(byte letter) => letter <= '9' ? letter - '0' : (letter | 0x20) - 'a' + 10;
}
