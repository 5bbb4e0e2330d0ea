using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>Sealed sessions and logins of one provider: what becomes of tokens, and who a session is. Thread-safe.</summary>
/// <param name="provider">The provider's name in the file.</param>
/// <param name="options">What the file says.</param>
/// <param name="keys">The keys that seal.</param>
/// <param name="time">The clock.</param>
internal sealed class OidcSessions(string provider, OidcOptions options, Func<CookieKeys> keys, TimeProvider time)
{
    // What is sealed for one registration at one issuer opens for no other, even where two share their keys.
    private readonly string _sessionPurpose = $"session\n{provider}\n{options.Issuer}\n{options.ClientId}";
    private readonly string _loginPurpose = $"login\n{provider}\n{options.Issuer}\n{options.ClientId}";
    private readonly IdentityMapping _mapping = options.Claims.MappingOf(provider);

    /// <summary>A sealed session; null where it is too long for cookies.</summary>
    public string? Seal(Session session) => keys().Seal(_sessionPurpose, session.ToBytes()) is { Length: <= LoginCookies.MostLetters } text ? text : null;

    /// <summary>The session; null where it was not sealed here, or is over.</summary>
    public Session? Open(ReadOnlySpan<byte> text) =>
        keys().Open(_sessionPurpose, text) is { } plain && Session.Read(plain) is { } session && session.EndsAt > Now ? session : null;

    /// <summary>A sealed login.</summary>
    public string Seal(LoginState login) => keys().Seal(_loginPurpose, login.ToBytes());

    /// <summary>The login with this state; null where it was not sealed here, is another, or has taken too long.</summary>
    public LoginState? OpenLogin(ReadOnlySpan<byte> text, string state) =>
        keys().Open(_loginPurpose, text) is { } plain && LoginState.Read(plain) is { } login
        && System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(login.State), Encoding.UTF8.GetBytes(state)) && login.IsFresh(time.GetUtcNow())
            ? login
            : null;

    /// <summary>The session that begins, or goes on, with an answer of the provider.</summary>
    /// <param name="answer">The answer; a token in it is verified.</param>
    /// <param name="before">The session that goes on; null for a new one.</param>
    public Session Of(TokenAnswer answer, Session? before)
    {
        var now = Now;
        var endsAt = before?.EndsAt ?? now + (long)options.Session.TotalSeconds;
        var refreshToken = answer.RefreshToken is { Length: > 0 } another ? another : before?.RefreshToken ?? "";
        var idToken = answer.IdToken ?? before!.IdToken;
        if (refreshToken.Length == 0)
        {
            return new Session(idToken, "", endsAt, endsAt, endsAt);
        }

        // Early, so that a provider that is away for a moment is noticed by nobody.
        var lasts = Math.Max(answer.ExpiresIn ?? Default, Shortest);
        return new Session(idToken, refreshToken, endsAt, Math.Min(endsAt, now + (lasts * 3 / 4)), Math.Min(endsAt, now + lasts));
    }

    /// <summary>Who a session is; null where nobody may be who has logged in so.</summary>
    public Identity? IdentityOf(Session session) =>
        IdTokens.Read(session.IdToken) is { } claims && options.Require.AreMet(claims) ? _mapping.Map(SubjectOf(claims), claims, session.ValidUntil) : null;

    /// <summary>Whom the claims of a verified token are about.</summary>
    public static string SubjectOf(FrozenDictionary<string, ImmutableArray<string>> claims) => claims.GetValueOrDefault("sub", []) is [var subject] ? subject : "";

    private const long Default = 300;
    private const long Shortest = 30;

    private long Now => time.GetUtcNow().ToUnixTimeSeconds();
}
