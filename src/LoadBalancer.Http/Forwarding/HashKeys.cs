using System.Text;
using LoadBalancer.Balancing;
using LoadBalancer.Http.Server;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>What the hash balancer spreads requests by: <c>hash.on</c>.</summary>
internal static class HashKeys
{
    private const int LongestName = 256;

    /// <summary>
    /// The key of a request. One that lacks what is hashed has the key of its client: all that lack it would otherwise meet at one endpoint.
    /// </summary>
    public static ulong Of(Exchange exchange, HashOptions options)
    {
        var fields = exchange.Request.Fields;
        if (options.On.Type == HashSourceType.ClientIp)
        {
            return OfClient(exchange);
        }

        if (options.On.Type == HashSourceType.Path)
        {
            return HashKey.Of(exchange.Request.Path);
        }

        Span<byte> name = stackalloc byte[LongestName];
        name = name[..Encoding.ASCII.GetBytes(options.On.Name, name)];
        var value = default(ReadOnlySpan<byte>);
        if (options.On.Type == HashSourceType.Header)
        {
            value = fields.Find(name) is var at and >= 0 ? fields.Value(at) : default;
        }
        else
        {
            CookieText.TryFind(fields, name, out value);
        }

        return value.IsEmpty ? OfClient(exchange) : HashKey.Of(value);
    }

    private static ulong OfClient(Exchange exchange) => exchange.ClientAddress is { } address ? HashKey.OfAddress(address) : HashKey.OfClient(null);
}
