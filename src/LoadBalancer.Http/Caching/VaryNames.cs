using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>The names of the request's fields that a response depends on: Vary (RFC 9110 section 12.5.5).</summary>
internal static class VaryNames
{
    /// <summary>How many a response that is kept may name.</summary>
    public const int Most = 8;

    private const int ArrayBytes = 40;

    /// <summary>How many it names, repeated ones too; false where it depends on more than fields, on too many, or says it in a way that nobody can read.</summary>
    public static bool TryCount(HeaderList response, out int count)
    {
        count = 0;
        for (var at = response.Find("vary"u8); at >= 0; at = response.Find("vary"u8, at + 1))
        {
            for (var rest = response.Value(at); TryNext(ref rest, out var name);)
            {
                if (name is [(byte)'*'] || !FieldText.IsToken(name) || ++count > Most)
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>The names, in their order, as they are written; after <see cref="TryCount"/>.</summary>
    public static byte[][] Of(HeaderList response, int count)
    {
        var names = new byte[count][];
        var used = 0;
        for (var at = response.Find("vary"u8); at >= 0; at = response.Find("vary"u8, at + 1))
        {
            for (var rest = response.Value(at); TryNext(ref rest, out var name);)
            {
                names[used++] = name.ToArray();
            }
        }

        return names;
    }

    /// <summary>What names weigh, in bytes, their arrays included.</summary>
    public static long SizeOf(byte[][] names)
    {
        var size = 0L;
        foreach (var name in names)
        {
            size += ArrayBytes + name.Length;
        }

        return size;
    }

    /// <summary>True where a response names the field.</summary>
    public static bool Has(HeaderList response, ReadOnlySpan<byte> field)
    {
        for (var at = response.Find("vary"u8); at >= 0; at = response.Find("vary"u8, at + 1))
        {
            for (var rest = response.Value(at); TryNext(ref rest, out var name);)
            {
                if (Ascii.EqualsIgnoreCase(name, field))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool TryNext(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name)
    {
        while (rest.Length > 0)
        {
            var comma = rest.IndexOf((byte)',');
            name = FieldText.Trim(comma < 0 ? rest : rest[..comma]);
            rest = comma < 0 ? default : rest[(comma + 1)..];
            if (name.Length > 0)
            {
                return true;
            }
        }

        name = default;
        return false;
    }
}
