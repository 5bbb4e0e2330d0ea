using System.Text;
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
        AddStatus(response.Fields, exchange.Caching!, found.Lifetime - age);
    }

    /// <summary>Says how the cache has come to the answer (RFC 9211).</summary>
    /// <param name="fields">Those of the response.</param>
    /// <param name="work">What the exchange has to do with the cache.</param>
    /// <param name="ttl">For how long what is kept is fresh, in seconds; negative where it is stale.</param>
    public static void AddStatus(HeaderList fields, CacheWork work, long ttl)
    {
        Span<byte> text = stackalloc byte[64];
        var isForwarded = work.Lookup is CacheLookup.Revalidated or CacheLookup.StaleOnError;
        fields.BeginField("Cache-Status"u8);
        fields.Append(isForwarded ? "lb; fwd=stale"u8 : "lb; hit; ttl="u8);
        if (!isForwarded)
        {
            ttl.TryFormat(text, out var length);
            fields.Append(text[..length]);
        }
        else if (work.WithheldStatus > 0)
        {
            work.WithheldStatus.TryFormat(text, out var length);
            fields.Append("; fwd-status="u8);
            fields.Append(text[..length]);
        }
        else
        {
            fields.Append("; detail="u8);
            fields.Append(text[..Encoding.ASCII.GetBytes(work.Failure.Reason, text)]);
        }

        if (work.Lookup == CacheLookup.Collapsed)
        {
            fields.Append("; collapsed"u8);
        }

        fields.EndField(KnownHeader.Other);
    }
}
