using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication;

/// <summary>All providers of a configuration, by name. Immutable and thread-safe.</summary>
internal sealed class ProviderSet
{
    private readonly ValueMap<ProviderOptions> _options;
    private readonly ValueMap<ConsumerOptions> _consumers;
    private readonly Dictionary<string, IdentityProvider> _providers;

    private ProviderSet(ValueMap<ProviderOptions> options, ValueMap<ConsumerOptions> consumers, Dictionary<string, IdentityProvider> providers)
    {
        (_options, _consumers, _providers) = (options, consumers, providers);
        Secrets = SecretParameters.Of(providers.Values);
        Fields = IdentityFields.Of(options.Values.SelectMany(provider => provider.IdentityHeaders));
    }

    /// <summary>No provider at all.</summary>
    public static ProviderSet Empty { get; } = new(ValueMap<ProviderOptions>.Empty, ValueMap<ConsumerOptions>.Empty, []);

    /// <summary>The fields that only lb may set; null for none.</summary>
    public IdentityFields? Fields { get; }

    /// <summary>The query parameters that no log may show; null for none.</summary>
    public SecretParameters? Secrets { get; }

    /// <summary>The providers.</summary>
    public IReadOnlyCollection<IdentityProvider> Providers => _providers.Values;

    /// <summary>The providers of a file: equal options keep the same object, and another one may adopt what the one of its name knows.</summary>
    public static ProviderSet Build(ValueMap<ProviderOptions> options, ValueMap<ConsumerOptions> consumers, ProviderSet? previous, BuildContext context)
    {
        previous ??= Empty;
        if (previous._options.Equals(options) && previous._consumers.Equals(consumers))
        {
            return previous;
        }

        var providers = options.ToDictionary(
            entry => entry.Key,
            entry => previous._consumers.Equals(consumers) && previous._options.GetValueOrDefault(entry.Key) == entry.Value && previous.Find(entry.Key) is { } running
                ? running
                : ProviderCatalog.Build(new ProviderBuild(entry.Key, entry.Value, consumers, previous.Find(entry.Key), context)),
            StringComparer.Ordinal);
        return new ProviderSet(options, consumers, providers);
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
