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
    /// <remarks>The session's id is in front of it in clear, and opens no other: so a logout is known of any cookie of its session before one is opened.</remarks>
    public string? Seal(Session session) =>
        session.Id + keys().Seal(PurposeOf(session.Id), session.ToBytes()) is { Length: <= LoginCookies.MostLetters } text ? text : null;

    /// <summary>The session; null where it was not sealed here, or is over.</summary>
    public Session? Open(ReadOnlySpan<byte> text)
    {
        var id = Encoding.ASCII.GetString(IdOf(text));
        return keys().Open(PurposeOf(id), text[id.Length..]) is { } plain && Session.Read(id, plain) is { } session && session.EndsAt > Now ? session : null;
    }

    /// <summary>What stands for the session of a sealed text, be it a bad one.</summary>
    public static ReadOnlySpan<byte> IdOf(ReadOnlySpan<byte> text) => text[..Math.Min(text.Length, Session.IdLetters)];

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
        var id = before?.Id ?? Session.NewId();
        var idToken = answer.IdToken ?? before!.IdToken;
        if (refreshToken.Length == 0)
        {
            return new Session(id, idToken, "", endsAt, endsAt, endsAt);
        }

        // Early, so that a provider that is away for a moment is noticed by nobody.
        var lasts = Math.Max(answer.ExpiresIn ?? Default, Shortest);
        return new Session(id, idToken, refreshToken, endsAt, Math.Min(endsAt, now + (lasts * 3 / 4)), Math.Min(endsAt, now + lasts));
    }

    /// <summary>Who a session is; null where nobody may be who has logged in so.</summary>
    public Identity? IdentityOf(Session session) =>
        IdTokens.Read(session.IdToken) is { } claims && options.Require.AreMet(claims) ? _mapping.Map(SubjectOf(claims), claims, session.ValidUntil) : null;

    /// <summary>Whom the claims of a verified token are about.</summary>
    public static string SubjectOf(FrozenDictionary<string, ImmutableArray<string>> claims) => claims.GetValueOrDefault("sub", []) is [var subject] ? subject : "";

    private const long Default = 300;
    private const long Shortest = 30;

    private string PurposeOf(string id) => $"{_sessionPurpose}\n{id}";

    private long Now => time.GetUtcNow().ToUnixTimeSeconds();
}
