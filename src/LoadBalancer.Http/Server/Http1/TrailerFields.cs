namespace LoadBalancer.Http.Server.Http1;

/// <summary>
/// Which trailer fields are let pass (RFC 9110 section 6.5.1). Whoever reads trailers may merge them into the head, long after our rules
/// about the head were applied: so nothing that frames, routes, tells who somebody is, or is set by us.
/// </summary>
internal static class TrailerFields
{
    private static readonly HashSet<string> Refused = new(StringComparer.OrdinalIgnoreCase)
    {
        "age", "allow", "clear-site-data", "content-disposition", "content-language", "content-location", "content-range", "cookie2", "expires",
        "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "max-forwards", "pragma", "prefer", "priority",
        "proxy-authentication-info", "range", "refresh", "remote-user", "retry-after", "script-name", "strict-transport-security", "vary",
        "warning", "www-authenticate",
    };

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> RefusedNames = Refused.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Removes what is not let pass.</summary>
    /// <param name="trailers">The fields.</param>
    /// <param name="ofRequest">
    /// True for those of a client, of which no <c>X-</c> field passes, because identities are told in such, and none with an underscore. In those of a
    /// response an underscore is as good as any letter: metadata of gRPC may have it in its names.
    /// </param>
    /// <returns>True where something is left.</returns>
    public static bool Keep(HeaderList trailers, bool ofRequest)
    {
        var any = false;
        for (var at = 0; at < trailers.Count; at++)
        {
            var refused = trailers[at].Known != KnownHeader.Other || IsRefused(trailers.Name(at), ofRequest);
            trailers[at].Removed |= refused;
            any |= !refused;
        }

        return any;
    }

    private static bool IsRefused(ReadOnlySpan<byte> name, bool ofRequest)
    {
        // Servers of the CGI kind read an underscore as a hyphen, so that X_User is X-User.
        if (ofRequest && (name.Contains((byte)'_') || (name.Length > 1 && (name[0] | 0x20) == 'x' && name[1] == '-')))
        {
            return true;
        }

        Span<char> text = stackalloc char[32];
        if (name.Length > text.Length)
        {
            return false;
        }

        text = text[..name.Length];
        System.Text.Ascii.ToLower(name, text, out _);
        return RefusedNames.Contains(text);
    }
}
