using System.Globalization;
using System.Text;
using LoadBalancer.Endpoints;
using LoadBalancer.Http.Server;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// Keeps a client at the endpoint that it met first, by a cookie. The cookie's value names the endpoint by its <see cref="Endpoint.Token"/>: the
/// same in every instance and after every restart, and it tells nobody an address.
/// </summary>
internal static class Affinity
{
    private const int TokenLength = 16;
    private const int LongestCookie = 512;

    /// <summary>The endpoint that the client's cookie names, where it may be picked now; null where there is none, and the balancer decides.</summary>
    public static Endpoint? Find(Exchange exchange, UpstreamOptions options, UpstreamView view)
    {
        if (options.Affinity is not { } affinity || !TryRead(exchange, affinity, out var token))
        {
            return null;
        }

        foreach (var member in view.Available)
        {
            if (member.Endpoint.Token == token)
            {
                return member.Endpoint;
            }
        }

        return null;
    }

    /// <summary>Adds the cookie to the response, where the client's names another endpoint than the one that has answered; and the cookie of a split.</summary>
    public static void Set(Exchange exchange, UpstreamOptions options)
    {
        var fields = exchange.Response.Fields;
        if (exchange.StickyCookie.Length > 0)
        {
            fields.Add(KnownHeader.SetCookie, "Set-Cookie"u8, exchange.StickyCookie.Span);
        }

        if (options.Affinity is not { } affinity || exchange.Endpoint is not { } endpoint || (TryRead(exchange, affinity, out var token) && token == endpoint.Token))
        {
            return;
        }

        fields.BeginField("Set-Cookie"u8);
        Span<byte> text = stackalloc byte[LongestCookie];
        fields.Append(text[..Encoding.ASCII.GetBytes(affinity.Cookie, text)]);
        fields.Append("="u8);
        RequestIds.WriteHex(endpoint.Token, text[..TokenLength]);
        fields.Append(text[..TokenLength]);
        fields.Append("; Path=/; HttpOnly; SameSite=Lax"u8);
        if (exchange.IsClientSecure)
        {
            fields.Append("; Secure"u8);
        }

        if (affinity.Ttl is { } ttl)
        {
            fields.Append("; Max-Age="u8);
            ((long)ttl.TotalSeconds).TryFormat(text, out var digits, default, CultureInfo.InvariantCulture);
            fields.Append(text[..digits]);
        }

        fields.EndField(KnownHeader.SetCookie);
    }

    private static bool TryRead(Exchange exchange, AffinityOptions affinity, out ulong token)
    {
        token = 0;
        Span<byte> name = stackalloc byte[LongestCookie];
        return CookieText.TryFind(exchange.Request.Fields, name[..Encoding.ASCII.GetBytes(affinity.Cookie, name)], out var value)
            && value.Length == TokenLength && ulong.TryParse(value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out token);
    }
}
