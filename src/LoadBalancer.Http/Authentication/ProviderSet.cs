using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication.Oidc;

namespace LoadBalancer.Http.Authentication;

/// <summary>All providers of a configuration, by name. Immutable and thread-safe.</summary>
internal sealed class ProviderSet
{
    private readonly ValueMap<ProviderOptions> _options;
    private readonly ValueMap<ConsumerOptions> _consumers;
    private readonly Dictionary<string, IdentityProvider> _providers;

    private ProviderSet(
        ValueMap<ProviderOptions> options, ValueMap<ConsumerOptions> consumers, Dictionary<string, IdentityProvider> providers, FailureThrottle? failures, AuthMetrics metrics)
    {
        (_options, _consumers, _providers, Failures, Metrics) = (options, consumers, providers, failures, metrics);
        HasLogins = providers.Values.OfType<OidcProvider>().Any();
        Secrets = SecretParameters.Of(options.Values.SelectMany(provider => provider.CredentialParameters));
        Credentials = new CredentialPlaces(options.Values.SelectMany(provider => provider.CredentialHeaders), options.Values.SelectMany(provider => provider.CredentialParameters));
        Fields = IdentityFields.Of(options.Values.SelectMany(provider => provider.IdentityHeaders));
    }

    /// <summary>No provider at all.</summary>
    public static ProviderSet Empty { get; } = new(ValueMap<ProviderOptions>.Empty, ValueMap<ConsumerOptions>.Empty, [], null, new AuthMetrics(1));

    /// <summary>The fields that only lb may set; null for none.</summary>
    public IdentityFields? Fields { get; }

    /// <summary>The query parameters that no log may show; null for none.</summary>
    public SecretParameters? Secrets { get; }

    /// <summary>Where requests have credentials.</summary>
    public CredentialPlaces Credentials { get; }

    /// <summary>Who keeps clients from guessing credentials; null for nobody.</summary>
    public FailureThrottle? Failures { get; }

    /// <summary>What providers have answered, since the process started.</summary>
    public AuthMetrics Metrics { get; }

    /// <summary>True where people log in: their cookies are for lb alone.</summary>
    public bool HasLogins { get; }

    /// <summary>The providers.</summary>
    public IReadOnlyCollection<IdentityProvider> Providers => _providers.Values;

    /// <summary>The providers of a file: equal options keep the same object, and another one may adopt what the one of its name knows.</summary>
    /// <param name="options">What the file says of each.</param>
    /// <param name="consumers">The callers that the file declares.</param>
    /// <param name="failures">How many bad credentials a client may send; null for any number.</param>
    /// <param name="previous">What runs; null for nothing.</param>
    /// <param name="context">The clock, seeds, and whom to tell.</param>
    /// <param name="outbound">The way to issuers and check services.</param>
    public static ProviderSet Build(
        ValueMap<ProviderOptions> options, ValueMap<ConsumerOptions> consumers, Rate? failures, ProviderSet? previous, BuildContext context, OutboundClient outbound)
    {
        previous ??= Empty;
        failures = options.Count == 0 ? null : failures;
        if (previous._options.Equals(options) && previous._consumers.Equals(consumers) && previous.Failures?.Rate == failures)
        {
            return previous;
        }

        // Only keys are of consumers: whoever else is known, or waited for, is not forgotten with one of them.
        var providers = options.ToDictionary(
            entry => entry.Key,
            entry => (entry.Value.ApiKey is null || previous._consumers.Equals(consumers)) && previous._options.GetValueOrDefault(entry.Key) == entry.Value && previous.Find(entry.Key) is { } running
                ? running
                : ProviderCatalog.Build(new ProviderBuild(entry.Key, entry.Value, consumers, previous.Find(entry.Key), context, outbound)),
            StringComparer.Ordinal);
        var throttle = previous.Failures?.Rate == failures ? previous.Failures : failures is { } rate ? new FailureThrottle(rate, context, previous.Failures) : null;
        return new ProviderSet(options, consumers, providers, throttle, previous == Empty ? new AuthMetrics(context.Loops) : previous.Metrics);
    }

    /// <summary>The provider of that name; null where there is none.</summary>
    public IdentityProvider? Find(string name) => _providers.GetValueOrDefault(name);

    /// <summary>Takes effect in place of <paramref name="previous"/>: what only the other one has is retired.</summary>
    public void TakeOver(ProviderSet previous)
    {
        foreach (var provider in _providers.Values)
        {
            provider.Begin();
        }

        foreach (var provider in previous._providers.Values.Where(provider => Find(provider.Name) != provider))
        {
            provider.Retire();
        }
    }
}
