using System.Globalization;
using System.Text;
using System.Text.Unicode;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>Makes what was kept the response of an exchange: all of it, the part that the client asks for, or that it has it already.</summary>
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
        if (found.Status == 200)
        {
            if (Conditions.ClientHas(exchange.Request.Fields, found.TagText, found.ModifiedAt))
            {
                response.Status = 304;
                for (var at = 0; at < response.Fields.Count; at++)
                {
                    response.Fields[at].Removed |= ((1ul << (int)response.Fields[at].Known) & AboutBody) != 0;
                }
            }
            else if (exchange.Request.Method == RequestMethod.Get && exchange.Request.Fields.MayHave(KnownHeader.Range))
            {
                Cut(exchange, found);
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

    // RFC 9110 section 14: the pieces that are kept are sent as they are, from one to another byte.
    private static void Cut(Exchange exchange, CachedResponse found)
    {
        var fields = exchange.Response.Fields;
        var made = fields.TryGet(KnownHeader.Date, out var date) && HttpDate.TryParse(date, out var seconds) ? seconds : long.MinValue;
        var range = ByteRange.Of(exchange.Request.Fields, found.Body.Length);
        if (range.Wish == RangeWish.Whole || !Conditions.PartFits(exchange.Request.Fields, found.TagText, found.ModifiedAt, made))
        {
            return;
        }

        Span<byte> text = stackalloc byte[80];
        var length = 0;
        if (range.Wish == RangeWish.Part)
        {
            exchange.Response.Status = 206;
            exchange.StoredBody = found.Body.Slice(range.Start, range.Length);
            Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"bytes {range.Start}-{range.Start + range.Length - 1}/{found.Body.Length}", out length);
        }
        else
        {
            // Of the answer that is kept nothing is true of this one, least of all for how long others may keep it.
            exchange.Response.Reset();
            exchange.Response.Status = 416;
            exchange.StoredBody = default;
            fields.AddOwn(KnownHeader.CacheControl, "Cache-Control"u8, "no-store"u8);
            Utf8.TryWrite(text, CultureInfo.InvariantCulture, $"bytes */{found.Body.Length}", out length);
        }

        fields.AddOwn(KnownHeader.Other, "Content-Range"u8, text[..length]);
    }
}
