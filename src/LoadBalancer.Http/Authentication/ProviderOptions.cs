using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication.ApiKeys;
using LoadBalancer.Http.Authentication.Basic;

namespace LoadBalancer.Http.Authentication;

/// <summary>A named way to establish who calls: the file's <c>auth.NAME</c>, which has exactly one of the keys.</summary>
internal sealed record ProviderOptions : IConfigurable<ProviderOptions>
{
    /// <inheritdoc/>
    public static Shape<ProviderOptions> Shape { get; } = new(
        "auth_provider", "A way to establish who calls. It has exactly one key.", "{api_key: {file: /etc/lb/keys.yaml}}", () => new())
    {
        {
            "api_key", Kinds.Record(ApiKeyOptions.Shape).OrNull("none"), o => o.ApiKey, (o, value) => o with { ApiKey = value },
            "By keys that callers send."
        },
        {
            "basic", Kinds.Record(BasicOptions.Shape).OrNull("none"), o => o.Basic, (o, value) => o with { Basic = value },
            "By user and password."
        },
    };

    /// <summary>By keys; null where it is another kind.</summary>
    public ApiKeyOptions? ApiKey { get; init; }

    /// <summary>By user and password; null where it is another kind.</summary>
    public BasicOptions? Basic { get; init; }

    /// <summary>The header fields by which endpoints learn of its identities.</summary>
    public IEnumerable<string> IdentityHeaders =>
    [
        .. ApiKey?.Forward.Values ?? [],
        .. Basic?.Forward.Values ?? [],
    ];
}
