using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.Introspection;

/// <summary>A token that only its issuer can read, who is asked about it (RFC 7662): the file's <c>auth.NAME.introspection</c>.</summary>
internal sealed record IntrospectionOptions : IConfigurable<IntrospectionOptions>
{
    /// <inheritdoc/>
    public static Shape<IntrospectionOptions> Shape { get; } = new Shape<IntrospectionOptions>(
        "introspection", "The token of `Authorization: Bearer`, about which its issuer is asked (RFC 7662).",
        "{url: \"https://issuer.example.com/introspect\", client_id: lb, client_secret: \"${credential:issuer}\"}", () => new())
    {
        {
            "url", Kinds.HttpUrl, o => o.Url, (o, value) => o with { Url = value },
            "Where the issuer is asked.", Presence.Required
        },
        {
            "client_id", Kinds.Text(256), o => o.ClientId, (o, value) => o with { ClientId = value },
            "As whom lb asks.", Presence.Required
        },
        {
            "client_secret", Kinds.Secret, o => o.ClientSecret, (o, value) => o with { ClientSecret = value },
            "The password to that.", Presence.Required
        },
        {
            "client_auth", Kinds.Word("basic", "post"), o => o.PostsSecret ? "post" : "basic", (o, value) => o with { PostsSecret = value == "post" },
            "How it is told: `basic` in the Authorization field, `post` in the form (RFC 6749 section 2.3.1)."
        },
        {
            "audiences", Kinds.List(Kinds.Text(1024)).Or("any", []), o => o.Audiences, (o, value) => o with { Audiences = value },
            "For whom a token may be: one of these has to be in its `aud`. `any` takes what the issuer calls active, whomever it is for."
        },
        {
            "cache", Kinds.Duration("1s", "1h").OrNothing("off"), o => o.Cache, (o, value) => o with { Cache = value },
            "How long an answer is remembered, and never longer than the token lasts: for so long a token that was revoked is still taken. Of one that is not active 10 seconds at most. `off` asks with each request."
        },
        {
            "allow_http", Kinds.Boolean, o => o.AllowHttp, (o, value) => o with { AllowHttp = value },
            "Whether the issuer may be asked in clear, where everybody on the way can read tokens. On this machine it always may."
        },
        {
            "ca", Kinds.FilePath.OrNull("none"), o => o.Ca, (o, value) => o with { Ca = value },
            "A PEM file with the authorities of which one must vouch for the issuer's certificate. `none`: those of this machine."
        },
        {
            "keep_credential", Kinds.Boolean, o => o.KeepCredential, (o, value) => o with { KeepCredential = value },
            "Whether the endpoint gets the token too."
        },
    }.Including(ClaimOptions.Shape, o => o.Claims, (o, value) => o with { Claims = value });

    /// <summary>Where the issuer is asked.</summary>
    public string Url { get; init; } = null!;

    /// <summary>As whom.</summary>
    public string ClientId { get; init; } = null!;

    /// <summary>The password to that.</summary>
    public Secret ClientSecret { get; init; } = null!;

    /// <summary>True where the password is in the form and not in a header field.</summary>
    internal bool PostsSecret { get; init; }

    /// <summary>For whom a token may be; empty for anybody.</summary>
    public ValueList<string> Audiences { get; init; }

    /// <summary>How long an answer is remembered; null for not at all.</summary>
    public TimeSpan? Cache { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>True where the issuer may be asked in clear.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>Who vouches for the issuer; null for the authorities of this machine.</summary>
    public string? Ca { get; init; }

    /// <summary>True where the endpoint gets the token too.</summary>
    public bool KeepCredential { get; init; } = true;

    /// <summary>What claims mean.</summary>
    internal ClaimOptions Claims { get; init; } = new();

    /// <summary>How far the issuer is trusted.</summary>
    public OutboundTrust Trust => new(Ca, AllowHttp);
}
