using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>People who log in with a browser at an OpenID provider: the file's <c>auth.NAME.oidc</c>.</summary>
internal sealed record OidcOptions : IConfigurable<OidcOptions>
{
    // As the canonical path has it: no escapes, no empty or dotted segments.
    private static readonly Kind<string> OwnPath = new TextKind("a path of letters, digits and -._~", "/.lb/callback", @"(/\.?[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,62}){1,8}");

    /// <inheritdoc/>
    public static Shape<OidcOptions> Shape { get; } = new Shape<OidcOptions>(
        "oidc", "People who log in with a browser at an OpenID provider, by the authorization code flow with PKCE. Who they are is kept in an encrypted cookie, and nowhere else.",
        "{issuer: \"https://login.example.com\", client_id: lb, client_secret: \"${credential:login}\", cookie_keys: /etc/lb/cookie-keys}", () => new())
    {
        {
            "issuer", Kinds.HttpUrl, o => o.Issuer, (o, value) => o with { Issuer = value },
            "The provider, as its tokens name it. What else is to be known comes from `/.well-known/openid-configuration` below it.", Presence.Required
        },
        {
            "client_id", Kinds.Text(256), o => o.ClientId, (o, value) => o with { ClientId = value },
            "As whom lb is registered there, with `https://HOST` and `callback` as a redirect URI for each host of its routes.", Presence.Required
        },
        {
            "client_secret", Kinds.Secret.OrNull("none"), o => o.ClientSecret, (o, value) => o with { ClientSecret = value },
            "The password to that; `none` for a client that has no other proof than PKCE."
        },
        {
            "client_auth", Kinds.Word("basic", "post"), o => o.PostsSecret ? "post" : "basic", (o, value) => o with { PostsSecret = value == "post" },
            "How it is told: `basic` in the Authorization field, `post` in the form (RFC 6749 section 2.3.1)."
        },
        {
            "scopes", Kinds.List(Kinds.Text(256)), o => o.Scopes, (o, value) => o with { Scopes = value },
            "What is asked for; `openid` is asked for always. `offline_access` asks many providers for a refresh token."
        },
        {
            "algorithms", Kinds.List(Kinds.Word("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")), o => o.Algorithms, (o, value) => o with { Algorithms = value },
            "What its tokens may be signed with."
        },
        {
            "require", Kinds.Record<OidcRequirements>().Or("none", new OidcRequirements()), o => o.Require, (o, value) => o with { Require = value },
            "How somebody has to have logged in. Another login gets 403."
        },
        {
            "session", Kinds.Duration("1m", "30d"), o => o.Session, (o, value) => o with { Session = value },
            "How long a login lasts at most. Where the provider gives a refresh token, it is asked again each time that its access token has run out: so a user who was locked out there is out here."
        },
        {
            "cookie_keys", Kinds.FilePath.OrNull("none"), o => o.CookieKeys, (o, value) => o with { CookieKeys = value },
            "A file with the keys of the cookies, 64 hexadecimal digits in each line: the first encrypts, and all decrypt. Instances behind one name share it, and it is read again when it changes. " +
            "`none`: a key of the process, so that a restart logs everybody out."
        },
        {
            "callback", OwnPath, o => o.Callback, (o, value) => o with { Callback = value },
            "The path to which the provider sends browsers back, on every host of its routes. lb answers there by itself."
        },
        {
            "logout", OwnPath, o => o.Logout, (o, value) => o with { Logout = value },
            "The path that logs out, on every host of its routes: with POST, or with GET from a page of the same origin. lb answers there by itself."
        },
        {
            "after_logout", Kinds.RequestPath.OrNull("none"), o => o.AfterLogout, (o, value) => o with { AfterLogout = value },
            "The path to which browsers come after a logout; the provider has to know it, with `https://HOST`, as a post-logout redirect URI. `none`: they stay at the provider, or come to `/` where it has no logout."
        },
        {
            "allow_http", Kinds.Boolean, o => o.AllowHttp, (o, value) => o with { AllowHttp = value },
            "Whether the provider may be asked in clear, where everybody on the way can read tokens. On this machine it always may."
        },
        {
            "allow_private", Kinds.Boolean, o => o.AllowPrivate, (o, value) => o with { AllowPrivate = value },
            "Whether the provider may send lb to private addresses on other hosts than `issuer`. Its own host may be anywhere."
        },
        {
            "ca", Kinds.FilePath.OrNull("none"), o => o.Ca, (o, value) => o with { Ca = value },
            "A PEM file with the authorities of which one must vouch for the provider's certificate. `none`: those of this machine."
        },
    }.Including(ClaimOptions.Shape, o => o.Claims, (o, value) => o with { Claims = value });

    /// <summary>The provider, as its tokens name it.</summary>
    public string Issuer { get; init; } = null!;

    /// <summary>As whom lb is registered.</summary>
    public string ClientId { get; init; } = null!;

    /// <summary>The password to that; null for none.</summary>
    public Secret? ClientSecret { get; init; }

    /// <summary>True where the password is in the form and not in a header field.</summary>
    internal bool PostsSecret { get; init; }

    /// <summary>What is asked for.</summary>
    public ValueList<string> Scopes { get; init; } = ["openid"];

    /// <summary>What its tokens may be signed with.</summary>
    public ValueList<string> Algorithms { get; init; } = ["RS256", "PS256", "ES256"];

    /// <summary>How somebody has to have logged in.</summary>
    public OidcRequirements Require { get; init; } = new();

    /// <summary>How long a login lasts at most.</summary>
    public TimeSpan Session { get; init; } = TimeSpan.FromHours(8);

    /// <summary>The file with the keys of the cookies; null for a key of the process.</summary>
    public string? CookieKeys { get; init; }

    /// <summary>The way back from a login.</summary>
    public string Callback { get; init; } = "/.lb/callback";

    /// <summary>The way out.</summary>
    public string Logout { get; init; } = "/.lb/logout";

    /// <summary>Where browsers come after a logout; null for where the provider leaves them.</summary>
    public string? AfterLogout { get; init; }

    /// <summary>True where the provider may be asked in clear.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>True where the provider may send lb to private addresses.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>Who vouches for the provider; null for the authorities of this machine.</summary>
    public string? Ca { get; init; }

    /// <summary>What claims mean.</summary>
    internal ClaimOptions Claims { get; init; } = new();

    /// <summary>How far the provider is trusted, at the address that the file gives.</summary>
    public OutboundTrust Trust => new(Ca, AllowHttp);

    /// <summary>How far it is at an address that it has told us.</summary>
    public OutboundTrust TrustOf(Uri address) =>
        Trust with { OutsideOnly = !AllowPrivate && !string.Equals(address.IdnHost, new Uri(Issuer).IdnHost, StringComparison.OrdinalIgnoreCase) };
}
