using System.Collections.Immutable;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication;

/// <summary>What of an identity endpoints are told, in which fields: the <c>forward</c> of a provider whose claims are few and known.</summary>
internal static class ForwardedClaims
{
    /// <summary>A map from some of these claims to header fields.</summary>
    public static Kind<ValueMap<string>> Kind(params string[] claims) =>
        new TextMapKind<string>(new MapKey($"one of {string.Join(", ", claims)}", claims[0], string.Join('|', claims)), new IdentityHeaderKind()).Or("none", ValueMap<string>.Empty);

    /// <summary>The fields of an identity; a claim that the caller does not have is no field.</summary>
    /// <param name="forward">Which claim goes into which field.</param>
    /// <param name="valuesOf">The values of a claim.</param>
    public static ImmutableArray<IdentityField> Render(ValueMap<string> forward, Func<string, ImmutableArray<string>> valuesOf) =>
    [
        .. forward.Select(entry => (Name: Encoding.ASCII.GetBytes(entry.Value), Value: IdentityMapping.Render(valuesOf(entry.Key))))
            .Where(field => field.Value.Length > 0)
            .Select(field => new IdentityField(KnownHeaders.Find(field.Name), field.Name, field.Value)),
    ];
}
