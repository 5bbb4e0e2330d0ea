using System.Runtime.CompilerServices;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>
/// A login at an OpenID provider by the authorization code flow (OpenID Connect Core section 3.1), as RFC 9700 wants it. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///   browser                                    lb                                              provider
///   GET /page ────────────────────────────────► (1) state, nonce, verifier in a sealed cookie
///             ◄── 302 + cookie ───────────────
///   GET /authorize?state,nonce,challenge ────────────────────────────────────────────────────►
///             ◄── 302 /.lb/callback?code,state,iss ──────────────────────────────────────────
///   GET /.lb/callback + cookie ───────────────► (2) state is the cookie's, used once; iss
///                                               (3) code + verifier + secret ────────────────►
///                                                   ◄── id_token, refresh_token ─────────────
///                                               (4) signature, iss, aud, exp, nonce; amr, acr
///             ◄── 303 /page + session cookie ── (5) a session that was not there before
/// </code>
/// </remarks>
internal sealed class OidcLogin
{
    private const int MostUnderWay = 256;
    private const int MostUsed = 16 * 1024;

    private readonly OidcOptions _options;
    private readonly OidcDiscovery _discovery;
    private readonly TokenEndpoint _tokens;
    private readonly IdTokens _idTokens;
    private readonly OidcSessions _sessions;
    private readonly LoginCookies _cookies;
    private readonly ProviderCondition _condition;
    private readonly TimeProvider _time;
    private readonly Flights<TokenAnswer> _flights = new(MostUnderWay);
    private readonly Flights<RenewedSession> _refreshes;
    private readonly IdentityCache _used;

    /// <summary>Logins of a provider.</summary>
    public OidcLogin(ProviderBuild build, OidcOptions options, OidcDiscovery discovery, IdTokens idTokens, OidcSessions sessions, LoginCookies cookies, OidcLogin? running)
    {
        (_options, _discovery, _idTokens, _sessions, _cookies) = (options, discovery, idTokens, sessions, cookies);
        _time = build.Context.Time;
        _tokens = new TokenEndpoint(options, build.Outbound);
        _condition = new ProviderCondition(build.Name, build.Context);

        // A reload uses no refresh token up a second time.
        _refreshes = running?._refreshes ?? new Flights<RenewedSession>(MostUnderWay);
        Renewed = running?.Renewed ?? new RenewedSessions(_time);

        // A state that was used is used after a reload as well.
        _used = running?._used ?? new IdentityCache(MostUsed, MostUsed * 512L, _time, build.Context.Seeds);
    }

    /// <summary>What came of refreshes, for browsers that do not know of it yet.</summary>
    public RenewedSessions Renewed { get; }

    /// <summary>Puts the way to the login into the response; 503 where the provider is not known yet.</summary>
    public void Begin(Exchange exchange)
    {
        if (_discovery.Issuer is not { } issuer)
        {
            FaultResponse.Prepare(exchange, new Fault(FaultSide.Internal, FaultKind.ProviderUnavailable));
            return;
        }

        // :: (1)
        var (request, now) = (exchange.Request, _time.GetUtcNow());
        var target = Encoding.Latin1.GetString(request.Path) + (request.HasQuery ? "?" + Encoding.Latin1.GetString(request.Query) : "");
        var login = LoginState.New(ReturnPath.Of(target), now);
        _cookies.SetLogin(exchange, login, _sessions.Seal(login));
        Redirect(exchange, 302, AddressOf(issuer, login, Browser.OriginOf(exchange)));
    }

    /// <summary>True where this browser has begun the login that comes back here.</summary>
    public bool Owns(Exchange exchange, string state) => _cookies.TryReadLogin(exchange.Request.Fields, state, out _);

    /// <summary>Ends a login that comes back with a browser: a session in the response's cookies, and the way to where it began; else why not.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public async ValueTask<Fault> EndAsync(Exchange exchange, CallbackQuery query)
    {
        // :: (2)
        var login = Recognize(exchange, query);
        _cookies.ClearLogin(exchange, query.State);
        if (_discovery.Issuer is not { } issuer)
        {
            return new Fault(FaultSide.Internal, FaultKind.ProviderUnavailable);
        }

        var isByIssuer = query.Issuer is null ? !issuer.NamesItself : query.Issuer == _options.Issuer;
        if (login is null || !isByIssuer || query.Code is not { } code)
        {
            return Invalid;
        }

        // :: (3)
        var redirect = Browser.OriginOf(exchange) + _options.Callback;
        var flight = _flights.Join(query.State, () => _tokens.RedeemAsync(issuer, code, redirect, login.Verifier));
        var answer = flight is null ? TokenAnswer.Failed($"{MostUnderWay} logins are under way") : await ProviderWait.ForAsync(exchange, flight);
        if (answer is null)
        {
            return exchange.GivenUp;
        }

        if (answer.Failure is not null)
        {
            _condition.Fail(answer.Failure);
            return new Fault(FaultSide.Internal, FaultKind.ProviderUnavailable);
        }

        // :: (4)
        if (answer is not { IsRefused: false, IdToken: { } token })
        {
            return Invalid;
        }

        var (claims, why) = await _idTokens.VerifyAsync(exchange, token, login.Nonce);
        if (exchange.GivenUp.Failed)
        {
            return exchange.GivenUp;
        }

        if (claims is null)
        {
            // It came from the provider itself, so that this is a setting most often: 'algorithms', a clock.
            _condition.Fail($"the ID token of a login is refused: {why}");
            return Invalid;
        }

        _condition.Succeed();

        if (!_options.Require.AreMet(claims))
        {
            return new Fault(FaultSide.Client, FaultKind.ClaimMismatch);
        }

        // :: (5)
        var session = _sessions.Of(answer, null);
        if (_sessions.Seal(session) is not { } text)
        {
            _condition.Fail($"the tokens of a login are too long for {LoginCookies.MostChunks} cookies: let the provider put less into its ID token");
            return new Fault(FaultSide.Internal, FaultKind.ProviderUnavailable);
        }

        _cookies.SetSession(exchange, text, session.EndsAt - _time.GetUtcNow().ToUnixTimeSeconds());
        Redirect(exchange, 303, login.ReturnTo);
        return Fault.None;
    }

    /// <summary>
    /// Asks the provider again for somebody who has a refresh token; null where the exchange was given up. The question goes on then, and the next request of the same
    /// session gets what comes of it.
    /// </summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public async ValueTask<RenewedSession?> RefreshAsync(Exchange exchange, Session session)
    {
        if (Renewed.Find(session) is { } known)
        {
            return known;
        }

        if (_discovery.Issuer is not { } issuer)
        {
            return new RenewedSession(session, TokenAnswer.Failed("the provider is not known yet"), null);
        }

        if (_refreshes.Join(session.RefreshToken, () => AskAsync(issuer, session)) is not { } flight)
        {
            var failure = $"{MostUnderWay} questions to the provider are under way";
            _condition.Fail(failure);
            return new RenewedSession(session, TokenAnswer.Failed(failure), null);
        }

        return await ProviderWait.ForAsync(exchange, flight);
    }

    /// <summary>Makes the response a redirect that nobody keeps.</summary>
    public static void Redirect(Exchange exchange, int status, string to)
    {
        var response = exchange.Response;
        response.Reset();
        exchange.OwnBody = default;
        response.Status = status;
        response.Fields.Add(KnownHeader.Location, "Location"u8, Encoding.ASCII.GetBytes(to));
        response.Fields.Add(KnownHeader.CacheControl, "Cache-Control"u8, "no-store"u8);
    }

    private static Fault Invalid => new(FaultSide.Client, FaultKind.LoginInvalid);

    /// <summary>The login that this browser has begun and that nobody has ended yet; null where there is none.</summary>
    internal LoginState? Recognize(Exchange exchange, CallbackQuery query)
    {
        if (!_cookies.TryReadLogin(exchange.Request.Fields, query.State, out var text) || _sessions.OpenLogin(text, query.State) is not { } login)
        {
            return null;
        }

        // The provider's codes are for one use, and so is the cookie in a browser; this is for somebody who has a copy of both.
        var key = Encoding.UTF8.GetBytes(query.State);
        if (_used.TryGet(key, out _, out _))
        {
            return null;
        }

        _used.SetRefusal(key, FaultKind.LoginInvalid, login.BegunAt + LoginState.MostSeconds);
        return login;
    }

    private async Task<RenewedSession> AskAsync(OidcIssuer issuer, Session session)
    {
        // Somebody may have come between the end of a question and this one.
        if (Renewed.Find(session) is { } known)
        {
            return known;
        }

        var answer = await _tokens.RefreshAsync(issuer, session.RefreshToken);
        if (answer.Failure is { } failure)
        {
            _condition.Fail(failure);
            return new RenewedSession(session, answer, null);
        }

        _condition.Succeed();
        if (answer.IsRefused)
        {
            return new RenewedSession(session, answer, null);
        }

        var renewed = new RenewedSession(session, answer, _sessions.Of(answer, session));
        Renewed.Keep(renewed);
        return renewed;
    }

    private string AddressOf(OidcIssuer issuer, LoginState login, string origin)
    {
        var address = new StringBuilder(issuer.Authorization.AbsoluteUri);
        Add(address, "response_type", "code");
        Add(address, "client_id", _options.ClientId);
        Add(address, "redirect_uri", origin + _options.Callback);
        Add(address, "scope", string.Join(' ', _options.Scopes.Prepend("openid").Distinct()));
        Add(address, "state", login.State);
        Add(address, "nonce", login.Nonce);
        Add(address, "code_challenge", login.Challenge);
        Add(address, "code_challenge_method", "S256");
        if (_options.Require.Acr.Count > 0)
        {
            Add(address, "acr_values", string.Join(' ', _options.Require.Acr));
        }

        return address.ToString();
    }

    /// <summary>Adds a parameter to an address.</summary>
    internal static void Add(StringBuilder address, string name, string value) =>
        address.Append(address.ToString().Contains('?', StringComparison.Ordinal) ? '&' : '?').Append(name).Append('=').Append(Uri.EscapeDataString(value));
}
