using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication;

/// <summary>A named way to establish who calls: the file's <c>auth.NAME</c>, which has exactly one of the keys.</summary>
internal sealed record ProviderOptions : IConfigurable<ProviderOptions>
{
    /// <inheritdoc/>
    public static Shape<ProviderOptions> Shape { get; } = new(
        "auth_provider", "A way to establish who calls. It has exactly one key.", "{}", () => new())
    {
    };

    /// <summary>The header fields by which endpoints learn of its identities.</summary>
    public IEnumerable<string> IdentityHeaders =>
    [
    ];
}
