using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>Makes what was kept the response of an exchange, as far as its client has not got it already.</summary>
internal static class StoredAnswer
{
    // Of a 304, what would be about the body that is not there.
    private static readonly ulong AboutBody = HeaderList.SetOf(KnownHeader.ContentType, KnownHeader.ContentEncoding);

    /// <summary>Makes it the response; its body is <see cref="Exchange.StoredBody"/>.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="found">What was kept.</param>
    /// <param name="age">How old it is, in seconds.</param>
    public static void Prepare(Exchange exchange, CachedResponse found, long age)
    {
        var response = exchange.Response;
        found.CopyTo(response);
        exchange.StoredBody = found.Body;
        if (found.Status == 200 && Conditions.ClientHas(exchange.Request.Fields, found.TagText, found.ModifiedAt))
        {
            response.Status = 304;
            for (var at = 0; at < response.Fields.Count; at++)
            {
                response.Fields[at].Removed |= ((1ul << (int)response.Fields[at].Known) & AboutBody) != 0;
            }
        }

        Span<byte> text = stackalloc byte[32];
        age.TryFormat(text, out var length);
        response.Fields.AddOwn(KnownHeader.Other, "Age"u8, text[..length]);
        response.Fields.BeginField("Cache-Status"u8);
        response.Fields.Append("lb; hit; ttl="u8);
        (found.Lifetime - age).TryFormat(text, out length);
        response.Fields.Append(text[..length]);
        if (exchange.Caching!.Lookup == CacheLookup.Collapsed)
        {
            response.Fields.Append("; collapsed"u8);
        }

        response.Fields.EndField(KnownHeader.Other);
    }
}
