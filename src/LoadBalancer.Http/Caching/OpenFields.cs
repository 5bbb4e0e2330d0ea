using System.Text;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// The fields that any client sends, and of which nobody makes another answer without saying so in Vary. Every other field could be what an answer was made of,
/// though nothing says so: frameworks have dozens by which a host, an address or a method is told (C1), and nobody can list them. Immutable.
/// </summary>
internal static class OpenFields
{
    private const int Longest = 32;

    // Of those that are no field of the key, or stand in it as something else: the scheme for X-Forwarded-Proto.
    private static readonly ulong Known = HeaderList.SetOf(
        KnownHeader.AcceptEncoding, KnownHeader.CacheControl, KnownHeader.Connection, KnownHeader.ContentLength, KnownHeader.Date, KnownHeader.Expect, KnownHeader.Host, KnownHeader.Http2Settings,
        KnownHeader.IfModifiedSince, KnownHeader.IfNoneMatch, KnownHeader.KeepAlive, KnownHeader.MaxForwards, KnownHeader.ProxyConnection, KnownHeader.Referer, KnownHeader.Te,
        KnownHeader.TraceParent, KnownHeader.TraceState, KnownHeader.UserAgent, KnownHeader.Via, KnownHeader.XForwardedFor, KnownHeader.XForwardedProto, KnownHeader.XRealIp, KnownHeader.XRequestId);

    private static readonly ByteMap Others = new(
    [
        .. new[]
        {
            "accept", "accept-charset", "accept-language", "b3", "baggage", "cdn-loop", "cf-ray", "dnt", "early-data", "pragma", "priority", "purpose", "save-data", "sec-ch-ua", "sec-ch-ua-mobile",
            "sec-ch-ua-platform", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "sec-gpc", "sec-purpose", "sentry-trace", "uber-trace-id", "upgrade-insecure-requests",
            "x-amzn-trace-id", "x-b3-flags", "x-b3-parentspanid", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid", "x-client-data", "x-cloud-trace-context", "x-correlation-id", "x-datadog-parent-id",
            "x-datadog-sampling-priority", "x-datadog-trace-id",
        }.Select(static name => (name, 1)),
    ]);

    /// <summary>True where a field of the request is one.</summary>
    /// <param name="fields">The request's.</param>
    /// <param name="at">Its place.</param>
    public static bool Has(HeaderList fields, int at)
    {
        var known = fields[at].Known;
        if (known != KnownHeader.Other)
        {
            return ((1ul << (int)known) & Known) != 0;
        }

        Span<byte> lower = stackalloc byte[Longest];
        return Ascii.ToLower(fields.Name(at), lower, out var length) == System.Buffers.OperationStatus.Done && Others.Find(lower[..length]) > 0;
    }
}
