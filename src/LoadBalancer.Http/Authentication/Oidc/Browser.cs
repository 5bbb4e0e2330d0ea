using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>What a request tells of the browser, or program, that sends it.</summary>
internal static class Browser
{
    /// <summary>
    /// True where a person waits for a page, who can be sent to a login: a GET by https that takes HTML, and is no script's. Anything else would follow a redirect to
    /// a page that it cannot read, and gets 401.
    /// </summary>
    public static bool Navigates(Exchange exchange)
    {
        var (request, fields) = (exchange.Request, exchange.Request.Fields);
        return request.Method == RequestMethod.Get && exchange.IsClientSecure && !request.WantsWebSocket && Has(fields, "accept"u8, "text/html"u8)
            && fields.Find("x-requested-with"u8) < 0 && (fields.Find("sec-fetch-mode"u8) is var mode && (mode < 0 || fields.Value(mode).SequenceEqual("navigate"u8)));
    }

    /// <summary>True where the request certainly comes from a page of the same origin, and nobody else has made the browser send it.</summary>
    public static bool IsSameOrigin(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        if (fields.Find("sec-fetch-site"u8) is >= 0 and var site)
        {
            return fields.Value(site).SequenceEqual("same-origin"u8);
        }

        // A browser that is older than that: Origin with a POST, Referer with a GET.
        if (fields.TryGet(KnownHeader.Origin, out var origin))
        {
            return IsOrigin(origin, exchange);
        }

        return fields.TryGet(KnownHeader.Referer, out var referer) && referer.StartsWith("https://"u8)
            && IsOrigin(referer["https://"u8.Length..].IndexOf((byte)'/') is >= 0 and var end ? referer[..("https://"u8.Length + end)] : referer, exchange);
    }

    /// <summary>The origin of the host that is asked for: logins are by https alone.</summary>
    public static string OriginOf(Exchange exchange) => $"https://{Encoding.ASCII.GetString(exchange.Request.Authority)}";

    private static bool IsOrigin(ReadOnlySpan<byte> origin, Exchange exchange) =>
        origin.StartsWith("https://"u8) && Ascii.EqualsIgnoreCase(origin["https://"u8.Length..], exchange.Request.Authority);

    private static bool Has(HeaderList fields, ReadOnlySpan<byte> name, ReadOnlySpan<byte> part)
    {
        for (var at = fields.Find(name); at >= 0; at = fields.Find(name, at + 1))
        {
            if (fields.Value(at).IndexOf(part) >= 0)
            {
                return true;
            }
        }

        return false;
    }
}
