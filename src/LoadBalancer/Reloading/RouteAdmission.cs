using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Routing;
using LoadBalancer.Tls;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// What decides which requests the routes of one name take and let in. Where a reload changes it, that more is refused is what it is for: a guard that took
/// that back would open again what somebody has closed. Immutable.
/// </summary>
internal sealed class RouteAdmission
{
    private readonly HashSet<RouteOptions> _routes;
    private readonly ValueMap<ProviderOptions> _providers;
    private readonly ValueMap<ConsumerOptions> _consumers;
    private readonly ClientCertificateOptions? _certificates;

    private RouteAdmission(HashSet<RouteOptions> routes, ValueMap<ProviderOptions> providers, ValueMap<ConsumerOptions> consumers, ClientCertificateOptions? certificates) =>
        (_routes, _providers, _consumers, _certificates) = (routes, providers, consumers, certificates);

    /// <summary>That of some routes of a file.</summary>
    /// <param name="routes">The routes of one name; their order means nothing.</param>
    /// <param name="file">What the names in them stand for.</param>
    /// <param name="certificates">Which certificates their listener wants of clients; null for none.</param>
    public static RouteAdmission Of(IEnumerable<RouteOptions> routes, GatewayOptions file, ClientCertificateOptions? certificates)
    {
        var known = routes.Select(AdmissionOf).ToHashSet();
        var providers = known.SelectMany(route => route.Policies.Auth?.Names ?? []).Distinct(StringComparer.Ordinal)
            .Where(file.Auth.ContainsKey).ToDictionary(name => name, name => file.Auth[name], StringComparer.Ordinal);
        return new RouteAdmission(
            known, new(providers),
            providers.Values.Any(provider => provider.ApiKey is not null) ? new(file.Consumers.Select(consumer => KeyValuePair.Create(consumer.Key, consumer.Value with { Plan = null }))) : ValueMap<ConsumerOptions>.Empty,
            providers.Values.Any(provider => provider.ClientCertificate is not null) ? certificates : null);
    }

    /// <summary>True where both take and let in the same requests.</summary>
    public bool IsSame(RouteAdmission other) =>
        _routes.SetEquals(other._routes) && _providers.Equals(other._providers) && _consumers.Equals(other._consumers) && _certificates == other._certificates;

    // What is left of a route without where it leads and what it does on the way.
    private static RouteOptions AdmissionOf(RouteOptions options) => new()
    {
        Host = options.Host,
        Path = options.Path,
        PathRegex = options.PathRegex,
        Methods = options.Methods,
        Headers = options.Headers,
        Query = options.Query,
        Priority = options.Priority,
        Policies = new RoutePolicyOptions
        {
            AllowIps = options.Policies.AllowIps,
            DenyIps = options.Policies.DenyIps,
            Auth = options.Policies.Auth,
            Require = options.Policies.Require,
            Cors = options.Policies.Cors,

            // A limit that is not only watched any more refuses nobody by who it is.
            Shadow = [.. options.Policies.Shadow.Where(policy => policy != "rate_limit")],
        },
    };
}
