using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>What a 304 of an endpoint makes of what is kept (RFC 9111 sections 3.2 and 4.3.4).</summary>
internal static class Revalidation
{
    // What frames a message, and what is about a body that the 304 does not have.
    private static readonly ulong NotTaken = HeaderList.SetOf(
        KnownHeader.Connection, KnownHeader.ContentLength, KnownHeader.ContentType, KnownHeader.ContentEncoding, KnownHeader.TransferEncoding, KnownHeader.KeepAlive,
        KnownHeader.ProxyConnection, KnownHeader.Te, KnownHeader.Trailer, KnownHeader.Upgrade, KnownHeader.ProxyAuthenticate);

    /// <summary>True where it can be about what is kept: one that names another ETag is about something that lb does not have.</summary>
    public static bool IsAbout(ResponseHead response, CachedResponse kept)
    {
        var at = response.Fields.Find("etag"u8);
        return at < 0 || Opaque(response.Fields.Value(at)).SequenceEqual(Opaque(kept.TagText));
    }

    /// <summary>Makes of a 304 the response that it stands for: what was kept, with all fields that the 304 has in place of those of the same name.</summary>
    public static void Merge(ResponseHead response, CachedResponse kept)
    {
        var fields = response.Fields;
        var (bytes, news) = fields.Save(NotTaken, "content-range"u8);
        response.Reset();
        kept.CopyTo(response);
        (response.Framing, response.ContentLength) = (BodyFraming.Length, kept.Body.Length);

        // It was made anew now, be it that the endpoint has no clock.
        fields.Remove(KnownHeader.Date);
        foreach (ref readonly var field in news.AsSpan())
        {
            fields.Remove(bytes.AsSpan(field.NameStart, field.NameLength));
        }

        foreach (ref readonly var field in news.AsSpan())
        {
            fields.AddOwn(field.Known, bytes.AsSpan(field.NameStart, field.NameLength), bytes.AsSpan(field.ValueStart, field.ValueLength));
        }
    }

    private static ReadOnlySpan<byte> Opaque(ReadOnlySpan<byte> tag) => tag.StartsWith("W/"u8) ? tag[2..] : tag;
}
