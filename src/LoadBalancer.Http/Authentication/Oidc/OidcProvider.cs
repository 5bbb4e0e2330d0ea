using System.Runtime.CompilerServices;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>
/// Knows people by a session in cookies that it has sealed itself, and sends browsers without one to an OpenID provider. Nothing is kept for a session: any instance
/// with the same keys knows it. What is remembered of it here only saves opening it again.
/// </summary>
internal sealed class OidcProvider : IdentityProvider
{
    private const int MostRemembered = 64 * 1024;
    private const long MostRememberedBytes = 64L << 20;
    private const int MostEnded = 64 * 1024;
    private const long MostEndedBytes = 16L << 20;

    private const long FailureSeconds = 10;

    // No scheme of RFC 9110 is about cookies, and a 401 has to name one.
    private static readonly byte[] ByCookie = "Cookie"u8.ToArray();

    private readonly OidcOptions _options;
    private readonly OidcDiscovery _discovery;
    private readonly CookieKeyFile? _keyFile;
    private readonly CookieKeys? _ownKeys;
    private readonly OidcSessions _sessions;
    private readonly IdTokens _idTokens;
    private readonly LoginCookies _cookies;
    private readonly IdentityCache _ended;
    private readonly Lock _lock = new();
    private readonly Random _seeds;
    private readonly TimeProvider _time;
    private volatile Memory _memory;
    private int _isInForce;

    /// <summary>The provider that the options describe.</summary>
    /// <exception cref="IOException">The keys of its cookies cannot be read.</exception>
    public OidcProvider(ProviderBuild build, OidcOptions options)
        : base(build.Name)
    {
        _options = options;
        _time = build.Context.Time;
        var running = build.Previous as OidcProvider;
        _keyFile = options.CookieKeys is { } path ? new CookieKeyFile(path, new ProviderCondition(build.Name, build.Context), _time) : null;

        // A reload logs nobody out.
        _ownKeys = _keyFile is null ? running?._ownKeys ?? CookieKeys.Random() : null;
        _discovery = running?._discovery is { } known && known.Serves(options) ? known : new OidcDiscovery(build.Name, options, build.Outbound, build.Context, running?._discovery);
        _sessions = new OidcSessions(build.Name, options, () => Keys, _time);
        _idTokens = new IdTokens(options, _discovery.Keys, _time);
        _cookies = new LoginCookies(build.Name);
        _seeds = new Random(build.Context.Seeds.Next());
        _memory = new Memory(Keys, NewCache());

        // Nor does it let anybody in again who has logged out.
        _ended = running?._ended ?? new IdentityCache(MostEnded, MostEndedBytes, _time, build.Context.Seeds);
        Login = new OidcLogin(build, options, _discovery, _idTokens, _sessions, _cookies, running?.Login);
    }

    /// <summary>Its logins.</summary>
    public OidcLogin Login { get; }

    /// <summary>The path to which browsers come back.</summary>
    public string Callback => _options.Callback;

    /// <summary>The path that logs out.</summary>
    public string Logout => _options.Logout;

    /// <inheritdoc/>
    public override JwksSource IssuerKeys => _discovery.Keys;

    /// <summary>The provider, or null where the options ask for another kind.</summary>
    public static OidcProvider? Create(ProviderBuild build) => build.Options.Oidc is { } options ? new(build, options) : null;

    /// <inheritdoc/>
    public override bool IsPresent(Exchange exchange) => _cookies.HasSession(exchange.Request.Fields);

    /// <inheritdoc/>
    // What opens was sealed here, and nobody has guessed it.
    public override bool IsCached(Exchange exchange) =>
        _cookies.TryReadSession(exchange.Request.Fields, stackalloc byte[LoginCookies.MostLetters], out var text)
        && (HasEnded(text) || Remembered.TryGet(text, out _, out _) || _sessions.Open(text) is not null);

    /// <inheritdoc/>
    public override ValueTask<ProviderAnswer> IdentifyAsync(Exchange exchange)
    {
        if (!_cookies.TryReadSession(exchange.Request.Fields, stackalloc byte[LoginCookies.MostLetters], out var text))
        {
            return new(Refuse(exchange, "cookie_incomplete"));
        }

        if (HasEnded(text))
        {
            return new(Refuse(exchange, "ended"));
        }

        // Once: what these keys open must not get into the memory of later ones.
        var remembered = Remembered;
        if (remembered.TryGet(text, out var identity, out _))
        {
            return new(identity is not null ? ProviderAnswer.Known(identity) : Refuse(exchange, "ended"));
        }

        if (_sessions.Open(text) is not { } session)
        {
            return new(Refuse(exchange, "not_valid"));
        }

        if (_sessions.IdentityOf(session) is not { } known)
        {
            return new(Refuse(exchange, "requirements_not_met"));
        }

        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        if (now < session.RefreshAt)
        {
            remembered.Set(text, known, session.RefreshAt);
            if (!exchange.IsRehearsal)
            {
                Login.Renewed.Arrived(session);
            }

            return new(ProviderAnswer.Known(known));
        }

        if (exchange.IsRehearsal)
        {
            if (now < session.ValidUntil || Login.Renewed.Find(session) is not null)
            {
                return new(ProviderAnswer.Known(known));
            }

            exchange.Decisions.Note("session", "not_asked");
            return new(ProviderAnswer.Refuse(FaultKind.ProviderUnavailable));
        }

        return RefreshAsync(exchange, remembered, text.ToArray(), session, known);
    }

    /// <inheritdoc/>
    public override byte[]? Challenge(FaultKind why) => ByCookie;

    /// <inheritdoc/>
    public override bool TryLogIn(Exchange exchange)
    {
        if (!Browser.Navigates(exchange))
        {
            return false;
        }

        Login.Begin(exchange);
        return true;
    }

    /// <inheritdoc/>
    public override void Begin()
    {
        if (Interlocked.Exchange(ref _isInForce, 1) == 0)
        {
            _discovery.Acquire();
            _keyFile?.Begin();
        }
    }

    /// <inheritdoc/>
    public override void Retire()
    {
        if (Interlocked.Exchange(ref _isInForce, 0) == 1)
        {
            _discovery.Release();
            _keyFile?.Dispose();
        }
    }

    /// <summary>Ends the session of a request, here at least also for copies of its cookies, those of before and after a refresh included.</summary>
    /// <returns>Where the browser goes on; null for nowhere in particular.</returns>
    public string? LogOut(Exchange exchange)
    {
        if (!_cookies.TryReadSession(exchange.Request.Fields, stackalloc byte[LoginCookies.MostLetters], out var text) || _sessions.Open(text) is not { } session)
        {
            _cookies.ClearSession(exchange);
            return null;
        }

        // Apart from who is known: neither other keys nor a reload nor many sessions undo a logout.
        _ended.SetRefusal(OidcSessions.IdOf(text), FaultKind.SessionInvalid, session.EndsAt);
        _cookies.ClearSession(exchange);
        if (_discovery.Issuer?.EndSession is not { } end)
        {
            return _options.AfterLogout;
        }

        // OpenID Connect RP-Initiated Logout section 2.
        var address = new StringBuilder(end.AbsoluteUri);
        OidcLogin.Add(address, "id_token_hint", session.IdToken);
        OidcLogin.Add(address, "client_id", _options.ClientId);
        if (_options.AfterLogout is { } after)
        {
            OidcLogin.Add(address, "post_logout_redirect_uri", Browser.OriginOf(exchange) + after);
        }

        return address.ToString();
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<ProviderAnswer> RefreshAsync(Exchange exchange, IdentityCache remembered, byte[] text, Session session, Identity known)
    {
        var renewed = await Login.RefreshAsync(exchange, session);
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        if (renewed is null)
        {
            return ProviderAnswer.Refuse(FaultKind.ProviderUnavailable);
        }

        if (renewed.Answer.Failure is not null)
        {
            if (now >= session.ValidUntil)
            {
                return ProviderAnswer.Refuse(FaultKind.ProviderUnavailable);
            }

            remembered.Set(text, known, now + FailureSeconds);
            return ProviderAnswer.Known(known);
        }

        if (renewed.After is not { } next)
        {
            return Forget(exchange, remembered, text, session, "ended_by_issuer");
        }

        if (!renewed.IsVerified && renewed.Answer.IdToken is { } token
            && (await _idTokens.VerifyAsync(exchange, token, null) is not { Claims: { } claims } || OidcSessions.SubjectOf(claims) != known.Subject))
        {
            return exchange.GivenUp.Failed ? ProviderAnswer.Refuse(FaultKind.ProviderUnavailable) : Forget(exchange, remembered, text, session, "another_token");
        }

        renewed.IsVerified = true;
        if (_sessions.IdentityOf(next) is not { } identity || _sessions.Seal(next) is not { } sealedText)
        {
            return Forget(exchange, remembered, text, session, "requirements_not_met");
        }

        // The old text is not remembered: each request with it gets the new one, until a browser has shown that.
        _cookies.SetSession(exchange, sealedText, next.EndsAt - now);
        return ProviderAnswer.Known(identity);
    }

    // Of this text alone: a browser may have got a later cookie of the same session.
    private ProviderAnswer Forget(Exchange exchange, IdentityCache remembered, byte[] text, Session session, string why)
    {
        remembered.SetRefusal(text, FaultKind.SessionInvalid, session.EndsAt);
        return Refuse(exchange, why);
    }

    private CookieKeys Keys => _keyFile?.Current ?? _ownKeys!;

    /// <summary>Whose the sessions are that the keys of now open: a key that was taken out of the file is one that somebody else may have, and nobody is known by it any more.</summary>
    private IdentityCache Remembered
    {
        get
        {
            var memory = _memory;
            return memory.Keys == Keys ? memory.Identities : RememberedAnew();
        }
    }

    private IdentityCache RememberedAnew()
    {
        lock (_lock)
        {
            var (before, keys) = (_memory, Keys);
            if (before.Keys != keys)
            {
                _memory = new Memory(keys, keys.Include(before.Keys) ? before.Identities : NewCache());
            }

            return _memory.Identities;
        }
    }

    private IdentityCache NewCache() => new(MostRemembered, MostRememberedBytes, _time, _seeds);

    private bool HasEnded(ReadOnlySpan<byte> text) => _ended.TryGet(OidcSessions.IdOf(text), out _, out _);

    /// <summary>A session that is no good: its cookies go, and a browser goes to a new login. It counts as no guess: a page that was left open asks again and again.</summary>
    private ProviderAnswer Refuse(Exchange exchange, string why)
    {
        exchange.Decisions.Note("session", why);
        _cookies.ClearSession(exchange);
        return TryLogIn(exchange) ? ProviderAnswer.Answered : ProviderAnswer.RefuseAgain(FaultKind.SessionInvalid);
    }

    /// <summary>Who is known, and the keys that have opened it.</summary>
    private sealed record Memory(CookieKeys Keys, IdentityCache Identities);
}
