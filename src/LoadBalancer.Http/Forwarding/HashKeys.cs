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
        var request = exchange.Request;
        if (options.On == HashOptions.ClientIp)
        {
            return OfClient(exchange);
        }

        if (options.On == HashOptions.Path)
        {
            return HashKey.Of(request.Path);
        }

        Span<byte> name = stackalloc byte[LongestName];
        var value = default(ReadOnlySpan<byte>);
        if (options.On.StartsWith(HashOptions.HeaderPrefix, StringComparison.Ordinal))
        {
            name = name[..Encoding.ASCII.GetBytes(options.On.AsSpan(HashOptions.HeaderPrefix.Length), name)];
            value = request.Fields.Find(name) is var at and >= 0 ? request.Fields.Value(at) : default;
        }
        else
        {
            name = name[..Encoding.ASCII.GetBytes(options.On.AsSpan(HashOptions.CookiePrefix.Length), name)];
            CookieText.TryFind(request.Fields, name, out value);
        }

        return value.IsEmpty ? OfClient(exchange) : HashKey.Of(value);
    }

    private static ulong OfClient(Exchange exchange) => exchange.ClientAddress is { } address ? HashKey.OfAddress(address) : HashKey.OfClient(null);
}
