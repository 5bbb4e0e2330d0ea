using System.Buffers.Binary;
using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// What an answer is found by: everything of a request that lb itself knows an answer may be made of, as the endpoint gets it. Written behind the request's fields,
/// where it is as long as those are. Every part stands behind its length, so that no two requests write the same key, whatever is in their texts.
/// </summary>
internal static class CacheKeys
{
    private const uint EndOfList = uint.MaxValue;

    // What says where the client was heading (of clients lb writes or removes it, a trusted proxy's is passed on), from which page it came, which endpoints answer by
    // Access-Control-Allow-Origin and forget to say so, and what kind of request it would be.
    private static readonly KnownHeader[] Always =
    [
        KnownHeader.XForwardedHost, KnownHeader.XForwardedPort, KnownHeader.XForwardedPrefix, KnownHeader.XForwardedServer, KnownHeader.XOriginalUrl, KnownHeader.XRewriteUrl,
        KnownHeader.Origin, KnownHeader.ContentType,
    ];

    private static readonly ulong AlwaysSet = HeaderList.SetOf(Always);

    /// <summary>True where every key has the field.</summary>
    public static bool Has(KnownHeader known) => ((1ul << (int)known) & AlwaysSet) != 0;

    /// <summary>Writes the key of a request.</summary>
    /// <param name="exchange">The exchange, its request as it is sent on.</param>
    /// <param name="scope">Whose answers are meant.</param>
    /// <param name="share">With whom answers to known callers are shared.</param>
    /// <param name="names">Further fields that count.</param>
    /// <param name="withCookies">True where the cookies count.</param>
    public static Slice Write(Exchange exchange, CacheScope scope, CacheSharing share, ReadOnlySpan<byte[]> names, bool withCookies)
    {
        var request = exchange.Request;
        var fields = request.Fields;
        var query = exchange.ForwardedQuerySlice is { } rewritten ? rewritten.Of(fields) : request.Query;
        Span<byte> prefix = stackalloc byte[sizeof(long) + 3];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, scope.Number);
        prefix[sizeof(long)] = (byte)(exchange.IsClientSecure ? 's' : 'h');
        prefix[sizeof(long) + 1] = (byte)(exchange.Identity is null ? 'a' : share == CacheSharing.Plan ? 'p' : 'k');
        prefix[sizeof(long) + 2] = (byte)(exchange.ForwardedQuerySlice is null && request.HasQuery ? '?' : '-');
        var start = fields.Append(prefix);
        AppendPart(fields, request.Authority);
        AppendPart(fields, exchange.ForwardedPath);
        AppendPart(fields, query);
        foreach (var known in Always)
        {
            AppendAll(fields, known, default);
        }

        foreach (var name in names)
        {
            AppendAll(fields, KnownHeaders.Find(name), name);
        }

        if (withCookies)
        {
            AppendAll(fields, KnownHeader.Cookie, default);
        }

        foreach (var place in scope.Places)
        {
            AppendPart(fields, CookieText.TryFind(fields, place, out var value) ? value : default);
        }

        if (share == CacheSharing.Plan && exchange.Identity?.Plan is { } plan)
        {
            // Of any length: it may be a claim's, and two that only begin alike are two.
            var room = fields.Room(Encoding.UTF8.GetMaxByteCount(plan.Length));
            fields.Take(Encoding.UTF8.GetBytes(plan, room));
        }

        return new Slice(start, fields.Bytes.Length - start);
    }

    /// <summary>Writes a key with the values of further fields of the request.</summary>
    /// <param name="fields">The request's.</param>
    /// <param name="key">The key.</param>
    /// <param name="names">The names of the fields.</param>
    public static Slice WriteVaried(HeaderList fields, Slice key, ReadOnlySpan<byte[]> names)
    {
        var start = fields.Append(key.Of(fields));
        AppendNumber(fields, (uint)key.Length);
        foreach (var name in names)
        {
            AppendPart(fields, name);
            AppendAll(fields, KnownHeaders.Find(name), name);
        }

        return new Slice(start, fields.Bytes.Length - start);
    }

    // A field that is there and empty is another request than one without it, and two lines are another than one with a comma.
    private static void AppendAll(HeaderList fields, KnownHeader known, ReadOnlySpan<byte> name)
    {
        for (var at = known == KnownHeader.Other ? fields.Find(name) : fields.Find(known); at >= 0; at = known == KnownHeader.Other ? fields.Find(name, at + 1) : fields.Find(known, at + 1))
        {
            AppendPart(fields, fields.Value(at));
        }

        AppendNumber(fields, EndOfList);
    }

    private static void AppendPart(HeaderList fields, ReadOnlySpan<byte> part)
    {
        AppendNumber(fields, (uint)part.Length);
        fields.Append(part);
    }

    private static void AppendNumber(HeaderList fields, uint number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        fields.Append(bytes);
    }
}
