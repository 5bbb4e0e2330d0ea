using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>Reads the Cookie fields of a request (RFC 6265 section 5.4).</summary>
internal static class CookieText
{
    /// <summary>The value of the first cookie of that name; names are case-sensitive.</summary>
    public static bool TryFind(HeaderList fields, scoped ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        for (var at = fields.Find(KnownHeader.Cookie); at >= 0; at = fields.Find(KnownHeader.Cookie, at + 1))
        {
            var rest = fields.Value(at);
            while (!rest.IsEmpty)
            {
                var end = rest.IndexOf((byte)';');
                var pair = FieldText.Trim(end < 0 ? rest : rest[..end]);
                rest = end < 0 ? default : rest[(end + 1)..];
                if (pair.Length > name.Length && pair[name.Length] == '=' && pair[..name.Length].SequenceEqual(name))
                {
                    value = pair[(name.Length + 1)..];
                    return true;
                }
            }
        }

        value = default;
        return false;
    }
}
