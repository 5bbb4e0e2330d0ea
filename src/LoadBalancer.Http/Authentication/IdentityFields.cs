using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication;

/// <summary>
/// The fields by which endpoints learn who calls. A client can never supply one: they are removed from every request, in whatever case, and
/// with an underscore for a hyphen, which CGI and WSGI read as the same name. Immutable and thread-safe.
/// </summary>
internal sealed class IdentityFields
{
    // In lower case, underscores for hyphens; and a bit for each length below 64, so that most fields are told apart by that alone.
    private readonly byte[][] _names;
    private readonly ulong _lengths;

    private IdentityFields(byte[][] names)
    {
        _names = names;
        foreach (var name in names)
        {
            _lengths |= 1ul << (name.Length & 63);
        }
    }

    /// <summary>These fields; null for none.</summary>
    public static IdentityFields? Of(IEnumerable<string> names)
    {
        byte[][] bytes = [.. names.Select(name => name.ToLowerInvariant().Replace('-', '_')).Distinct(StringComparer.Ordinal).Select(Encoding.ASCII.GetBytes)];
        return bytes.Length == 0 ? null : new IdentityFields(bytes);
    }

    /// <summary>Takes them out.</summary>
    public void Remove(HeaderList fields)
    {
        for (var at = 0; at < fields.Count; at++)
        {
            if ((_lengths & (1ul << (fields[at].NameLength & 63))) != 0 && !fields[at].Removed && Has(fields.Name(at)))
            {
                fields.RemoveAt(at);
            }
        }
    }

    /// <summary>True where <paramref name="name"/> is one of them, in whatever spelling.</summary>
    public bool Has(ReadOnlySpan<byte> name)
    {
        foreach (var own in _names)
        {
            if (own.Length == name.Length && IsSame(name, own))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSame(ReadOnlySpan<byte> name, byte[] own)
    {
        for (var at = 0; at < own.Length; at++)
        {
            var letter = name[at];
            letter = letter == '-' ? (byte)'_' : letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 0x20) : letter;
            if (letter != own[at])
            {
                return false;
            }
        }

        return true;
    }
}
