using System.Text;
using LoadBalancer.Balancing;
using LoadBalancer.Http.Server;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>What the hash balancer spreads requests by: <c>hash.on</c>. Immutable and thread-safe.</summary>
/// <param name="source">What the file says.</param>
internal sealed class HashKeys(HashSource source)
{
    /// <summary>The most of a claim that is hashed, in characters.</summary>
    private const int LongestClaim = 256;

    private readonly HashSourceType _type = source.Type;
    private readonly byte[] _name = Encoding.ASCII.GetBytes(source.Name ?? "");
    private readonly string _claim = source.Name ?? "";

    /// <summary>
    /// The key of a request. One that lacks what is hashed has the key of its client: all that lack it would otherwise meet at one endpoint.
    /// </summary>
    public ulong Of(Exchange exchange)
    {
        var request = exchange.Request;
        ReadOnlySpan<byte> value = default;
        switch (_type)
        {
            case HashSourceType.Path:
                return HashKey.Of(request.Path);

            case HashSourceType.Header:
                value = request.Fields.Find(_name) is var at and >= 0 ? request.Fields.Value(at) : default;
                break;

            case HashSourceType.Cookie:
                CookieText.TryFind(request.Fields, _name, out value);
                break;

            case HashSourceType.Claim when exchange.Identity is { } identity && identity.TryGetClaim(_claim, out var values) && values[0].Length > 0:
                return OfText(values[0]);
        }

        return !value.IsEmpty ? HashKey.Of(value)
            : exchange.ClientAddress is { } address ? HashKey.OfAddress(address)
            : HashKey.OfClient(null);
    }

    private static ulong OfText(string text)
    {
        Span<byte> bytes = stackalloc byte[3 * LongestClaim];
        return HashKey.Of(bytes[..Encoding.UTF8.GetBytes(text.AsSpan(0, Math.Min(text.Length, LongestClaim)), bytes)]);
    }
}
