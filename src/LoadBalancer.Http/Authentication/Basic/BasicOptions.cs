using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.Basic;

/// <summary>Callers by user and password (RFC 7617): the file's <c>auth.NAME.basic</c>.</summary>
/// <param name="Htpasswd">The file of users and hashes.</param>
internal sealed record BasicOptions(string Htpasswd) : IConfigurable<BasicOptions>
{
    /// <inheritdoc/>
    public static Shape<BasicOptions> Shape { get; } = new(
        "basic", "Callers by user and password (RFC 7617).", "{htpasswd: /etc/lb/htpasswd, forward: {subject: X-User}}", () => new((string)null!))
    {
        {
            "htpasswd", Kinds.FilePath, o => o.Htpasswd, (o, value) => o with { Htpasswd = value },
            "The users: lines of `user:hash`, as `htpasswd -B` writes them. Hashes are bcrypt, yescrypt, SHA-512-crypt or SHA-256-crypt. A change takes effect without a reload.",
            Presence.Required
        },
        {
            "realm", Kinds.Text(64).OrNull("none"), o => o.Realm, (o, value) => o with { Realm = value },
            "What browsers show where they ask for the password; the name of the entry where nothing is written."
        },
        {
            "forward", ForwardedClaims.Kind("subject"), o => o.Forward, (o, value) => o with { Forward = value },
            "The header field by which endpoints learn the user's name. What clients send in it is removed from every request."
        },
        {
            "keep_credential", Kinds.Boolean, o => o.KeepCredential, (o, value) => o with { KeepCredential = value },
            "Whether the endpoint gets the user and the password too."
        },
    };

    /// <summary>The realm; null for the provider's name.</summary>
    public string? Realm { get; init; }

    /// <summary>Which claim goes into which field.</summary>
    public ValueMap<string> Forward { get; init; } = ValueMap<string>.Empty;

    /// <summary>True where the endpoint gets the password too.</summary>
    public bool KeepCredential { get; init; }
}
