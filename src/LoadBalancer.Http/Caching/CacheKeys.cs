using System.Buffers.Binary;
using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// What an answer is found by: everything of a request that lb itself knows an answer may be made of. Written behind the request's fields, where it is as long
/// as those are. No part has a line end in it, which parts them.
/// </summary>
internal static class CacheKeys
{
    private const int MostPlan = 256;

    // What says where the client was heading: of clients lb writes or removes it, a trusted proxy's is passed on.
    private static readonly KnownHeader[] Addressing =
    [
        KnownHeader.XForwardedHost, KnownHeader.XForwardedPort, KnownHeader.XForwardedPrefix, KnownHeader.XForwardedServer, KnownHeader.XOriginalUrl, KnownHeader.XRewriteUrl,
    ];

    /// <summary>Writes the key of a request.</summary>
    /// <param name="exchange">The exchange, before anything is changed for its endpoint.</param>
    /// <param name="scope">Of which route it is.</param>
    /// <param name="share">With whom answers to known callers are shared.</param>
    public static Slice Write(Exchange exchange, long scope, CacheSharing share)
    {
        var request = exchange.Request;
        var fields = request.Fields;
        Span<byte> prefix = stackalloc byte[sizeof(long) + 2];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, scope);
        prefix[sizeof(long)] = (byte)(exchange.IsClientSecure ? 's' : 'h');
        prefix[sizeof(long) + 1] = (byte)(exchange.Identity is null ? 'a' : share == CacheSharing.Plan ? 'p' : 'k');
        var start = fields.Append(prefix);
        fields.Append(request.Authority);
        fields.Append("\n"u8);
        fields.Append(request.Path);
        if (request.HasQuery)
        {
            fields.Append("?"u8);
            fields.Append(request.Query);
        }

        foreach (var known in Addressing)
        {
            fields.Append("\n"u8);
            for (var at = fields.Find(known); at >= 0; at = fields.Find(known, at + 1))
            {
                fields.Append(fields.Value(at));
                fields.Append(","u8);
            }
        }

        if (share == CacheSharing.Plan && exchange.Identity?.Plan is { } plan)
        {
            Span<byte> name = stackalloc byte[MostPlan * 3];
            fields.Append("\n"u8);
            fields.Append(name[..Encoding.UTF8.GetBytes(plan.AsSpan(0, Math.Min(plan.Length, MostPlan)), name)]);
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
        foreach (var name in names)
        {
            fields.Append("\n"u8);
            fields.Append(name);

            // A field that is there and empty is another request than one without it.
            for (var at = fields.Find(name); at >= 0; at = fields.Find(name, at + 1))
            {
                fields.Append(":"u8);
                fields.Append(fields.Value(at));
            }
        }

        return new Slice(start, fields.Bytes.Length - start);
    }
}
