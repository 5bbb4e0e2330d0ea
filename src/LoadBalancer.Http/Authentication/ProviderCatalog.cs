using LoadBalancer.Http.Authentication.ApiKeys;
using LoadBalancer.Http.Authentication.Basic;
using LoadBalancer.Http.Authentication.ClientCertificates;
using LoadBalancer.Http.Authentication.External;
using LoadBalancer.Http.Authentication.Introspection;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Http.Authentication.Oidc;

namespace LoadBalancer.Http.Authentication;

/// <summary>Every kind of provider. A new one is a folder, a key of <see cref="ProviderOptions"/> and a line here.</summary>
internal static class ProviderCatalog
{
    /// <summary>The lines: each gives its provider, or null where the options ask for another kind.</summary>
    internal static readonly Func<ProviderBuild, IdentityProvider?>[] All =
    [
        JwtProvider.Create,
        ApiKeyProvider.Create,
        BasicProvider.Create,
        OidcProvider.Create,
        IntrospectionProvider.Create,
        ClientCertificateProvider.Create,
        ExternalProvider.Create,
    ];

    /// <summary>The provider that the options ask for.</summary>
    /// <exception cref="InvalidOperationException">They ask for none, which a check of the file has to find.</exception>
    public static IdentityProvider Build(ProviderBuild build) =>
        All.Select(create => create(build)).OfType<IdentityProvider>().FirstOrDefault() ?? throw new InvalidOperationException("a provider is of no kind");
}
