using System.Text;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication;

/// <summary>
/// Where requests have credentials, cookies aside: where the providers of the file look for them, whichever of them a route asks, and where they are by custom. Immutable
/// and thread-safe.
/// </summary>
internal sealed class CredentialPlaces
{
    private static readonly string[] Usual = ["Authorization", "X-API-Key", "X-Access-Token", "X-Auth-Token"];

    private readonly (KnownHeader Known, byte[] Name)[] _fields;
    private readonly byte[][] _parameters;

    // A bit for each length below 64, so that most fields are told apart by that alone.
    private readonly ulong _lengths;

    /// <summary>Those of the file, and the usual ones.</summary>
    /// <param name="fields">The header fields; Cookie among them counts for nothing, since it is no place of one credential.</param>
    /// <param name="parameters">The query parameters.</param>
    public CredentialPlaces(IEnumerable<string> fields, IEnumerable<string> parameters)
    {
        _fields =
        [
            .. Usual.Concat(fields).Distinct(StringComparer.OrdinalIgnoreCase).Select(Encoding.ASCII.GetBytes).Select(static name => (KnownHeaders.Find(name), name))
                .Where(static field => field.Item1 != KnownHeader.Cookie),
        ];
        foreach (var (_, name) in _fields)
        {
            _lengths |= 1ul << (name.Length & 63);
        }

        _parameters = [.. parameters.Distinct(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>True where a field is one.</summary>
    public bool Has(HeaderList fields, int at)
    {
        if ((_lengths & (1ul << (fields[at].NameLength & 63))) == 0)
        {
            return false;
        }

        foreach (var (known, name) in _fields)
        {
            if (fields[at].Known == known && (known != KnownHeader.Other || (fields[at].NameLength == name.Length && Ascii.EqualsIgnoreCase(fields.Name(at), name))))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True where a target has one in its query.</summary>
    /// <param name="target">As it came.</param>
    public bool HasIn(ReadOnlySpan<byte> target)
    {
        var mark = _parameters.Length == 0 ? -1 : target.IndexOf((byte)'?');
        if (mark >= 0)
        {
            foreach (var name in _parameters)
            {
                if (QueryText.Find(target[(mark + 1)..], name, out _, out _))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
