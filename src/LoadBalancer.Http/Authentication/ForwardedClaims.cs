using System.Collections.Immutable;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication;

/// <summary>What of an identity endpoints are told, in which fields: the file's <c>forward</c> of a provider whose claims are few and known.</summary>
internal static class ForwardedClaims
{
    // What frames a message, is about a connection, or says where a request goes: an identity in it would change that.
    private static readonly KnownHeader[] Reserved =
    [
        KnownHeader.Connection, KnownHeader.ContentLength, KnownHeader.Expect, KnownHeader.Host, KnownHeader.Http2Settings, KnownHeader.KeepAlive, KnownHeader.ProxyConnection,
        KnownHeader.Te, KnownHeader.Trailer, KnownHeader.TransferEncoding, KnownHeader.Upgrade, KnownHeader.XContentLength,
    ];

    /// <summary>A map from some of these claims to header fields.</summary>
    public static Kind<ValueMap<string>> Kind(params string[] claims) =>
        new TextMapKind<string>(new MapKey($"one of {string.Join(", ", claims)}", claims[0], string.Join('|', claims)), Kinds.Token("the name of a header field", "X-User"));

    /// <summary>What is wrong with the fields, by claim.</summary>
    public static IEnumerable<(string Claim, string Message)> Faults(ValueMap<string> forward)
    {
        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (claim, field) in forward)
        {
            if (Reserved.Contains(KnownHeaders.Find(Encoding.ASCII.GetBytes(field))))
            {
                yield return (claim, $"{ScalarNode.Quote(field)} is lb's own to write: use a field that says who calls, such as X-User");
            }
            else if (!seen.TryAdd(field.Replace('_', '-'), claim))
            {
                yield return (claim, $"'{seen[field.Replace('_', '-')]}' goes into {ScalarNode.Quote(field)} already");
            }
        }
    }

    /// <summary>The fields of an identity; a claim without a value, or with one that no field may hold, has none.</summary>
    /// <param name="forward">Which claim goes into which field.</param>
    /// <param name="valuesOf">The values of a claim, which the field has in their order with commas between them.</param>
    public static ImmutableArray<IdentityField> Render(ValueMap<string> forward, Func<string, IEnumerable<string>> valuesOf) =>
    [
        .. forward.Select(entry => (Name: Encoding.ASCII.GetBytes(entry.Value), Value: Encoding.UTF8.GetBytes(string.Join(',', valuesOf(entry.Key)))))
            .Where(field => field.Value.Length > 0 && FieldText.IsValue(field.Value))
            .Select(field => new IdentityField(KnownHeaders.Find(field.Name), field.Name, field.Value)),
    ];
}
