using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication.ApiKeys;
using LoadBalancer.Http.Authentication.Basic;
using LoadBalancer.Http.Authentication.ClientCertificates;
using LoadBalancer.Http.Authentication.External;
using LoadBalancer.Http.Authentication.Introspection;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Http.Authentication.Oidc;

namespace LoadBalancer.Http.Authentication;

/// <summary>A named way to establish who calls: the file's <c>auth.NAME</c>, which has exactly one of the keys.</summary>
internal sealed record ProviderOptions : IConfigurable<ProviderOptions>
{
    /// <inheritdoc/>
    public static Shape<ProviderOptions> Shape { get; } = new(
        "auth_provider", "A way to establish who calls. It has exactly one key.", "{api_key: {file: /etc/lb/keys.yaml}}", () => new())
    {
        {
            "jwt", Kinds.Record<JwtOptions>(), o => o.Jwt!, (o, value) => o with { Jwt = value },
            "By a signed token (a JWT) that the client sends."
        },
        {
            "api_key", Kinds.Record<ApiKeyOptions>(), o => o.ApiKey!, (o, value) => o with { ApiKey = value },
            "By keys that callers send."
        },
        {
            "basic", Kinds.Record<BasicOptions>(), o => o.Basic!, (o, value) => o with { Basic = value },
            "By user and password."
        },
        {
            "oidc", Kinds.Record<OidcOptions>(), o => o.Oidc!, (o, value) => o with { Oidc = value },
            "People who log in with a browser."
        },
        {
            "introspection", Kinds.Record<IntrospectionOptions>(), o => o.Introspection!, (o, value) => o with { Introspection = value },
            "A token whose issuer is asked about it."
        },
        {
            "client_certificate", Kinds.Record<ClientCertificateProviderOptions>(), o => o.ClientCertificate!, (o, value) => o with { ClientCertificate = value },
            "By the certificate that a client shows in its TLS handshake."
        },
        {
            "external", Kinds.Record<ExternalOptions>(), o => o.External!, (o, value) => o with { External = value },
            "A service that is asked about each request."
        },
    };

    /// <summary>By a signed token; null for another kind.</summary>
    public JwtOptions? Jwt { get; init; }

    /// <summary>By keys; null for another kind.</summary>
    public ApiKeyOptions? ApiKey { get; init; }

    /// <summary>By user and password; null for another kind.</summary>
    public BasicOptions? Basic { get; init; }

    /// <summary>People who log in with a browser; null for another kind.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>A token whose issuer is asked about it; null for another kind.</summary>
    public IntrospectionOptions? Introspection { get; init; }

    /// <summary>By certificates of clients; null for another kind.</summary>
    public ClientCertificateProviderOptions? ClientCertificate { get; init; }

    /// <summary>A service that is asked about each request; null for another kind.</summary>
    public ExternalOptions? External { get; init; }

    /// <summary>The header fields that carry its credentials, beside the usual ones.</summary>
    public IEnumerable<string> CredentialHeaders =>
    [
        .. Jwt?.Header is { } name ? [name] : (string[])[],
        .. ApiKey?.HeaderInUse is { } header ? [header] : (string[])[],
        .. External?.Send ?? [],
    ];

    /// <summary>The query parameters that do.</summary>
    public IEnumerable<string> CredentialParameters =>
    [
        .. Jwt?.Query is { } parameter ? [parameter] : (string[])[],
        .. ApiKey?.Query is { } query ? [query] : (string[])[],
    ];

    /// <summary>Which claim becomes which header field, where claims do.</summary>
    public ValueMap<string> ForwardedClaims =>
        Jwt?.Claims.Forward ?? ApiKey?.Forward ?? Basic?.Forward ?? Oidc?.Claims.Forward ?? Introspection?.Claims.Forward ?? ClientCertificate?.Forward ?? ValueMap<string>.Empty;

    /// <summary>The header fields by which endpoints learn of its identities.</summary>
    public IEnumerable<string> IdentityHeaders => ForwardedClaims.Values.Concat(External?.Forward ?? []);
}
