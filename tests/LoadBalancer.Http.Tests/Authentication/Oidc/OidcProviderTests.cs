using System.Buffers.Text;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.Oidc;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication.Oidc;

/// <summary>Sessions that have ended, or whose key has: by logout, by a reload, by another file of keys.</summary>
internal sealed class OidcProviderTests
{
    private const string One = "1111111111111111111111111111111111111111111111111111111111111111";
    private const string Two = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    private readonly List<OidcProvider> _begun = [];
    private ManualTime _time = null!;
    private OutboundClient _outbound = null!;
    private string _file = null!;
    private OidcOptions _options = null!;

    [SetUp]
    public void Begin()
    {
        (_time, _outbound, _file) = (new ManualTime(), new OutboundClient(TimeProvider.System), Path.GetTempFileName());
        File.WriteAllText(_file, One);
        _options = new OidcOptions { Issuer = "http://127.0.0.1:1", ClientId = "lb", CookieKeys = _file, AfterLogout = "/bye" };
    }

    [TearDown]
    public void End()
    {
        _begun.ForEach(provider => provider.Retire());
        _begun.Clear();
        _outbound.Dispose();
        File.Delete(_file);
    }

    [Test]
    public void A_session_that_has_ended_is_nobodys_in_any_spelling()
    {
        var (provider, text) = (Provider(), Sealed());
        Assert.That((Ask(provider, text), provider.LogOut(Request(text))), Is.EqualTo(("ann", "/bye")));
        Assert.That(
            new[] { text, text + " ", text + "=", text + "==", text.Insert(5, " "), text.Insert(40, "\t"), text.Insert(3000 % text.Length, " ") }.Select(spelling => Ask(provider, spelling)),
            Is.All.EqualTo("session_invalid"));
        Assert.That(Ask(provider, Sealed()), Is.EqualTo("ann"), "another login of the same person goes on");
    }

    [Test]
    public void A_logout_ends_the_cookies_from_before_a_refresh_and_after_it([Values] bool isRemembered)
    {
        var (provider, session) = (Provider(), NewSession());
        string[] cookies = [.. new[] { session, session with { IdToken = session.IdToken + "2" }, session with { RefreshToken = "r" } }.Select(each => Sessions("p").Seal(each)!)];
        if (isRemembered)
        {
            Assert.That(cookies.Select(cookie => Ask(provider, cookie)), Is.All.EqualTo("ann"));
        }

        provider.LogOut(Request(cookies[1]));
        Assert.That(cookies.Select(cookie => Ask(provider, cookie)), Is.All.EqualTo("session_invalid"));
    }

    [Test]
    public void What_stands_for_a_session_opens_no_other()
    {
        var (one, other) = (Sealed(), Sealed());
        Assert.That(Ask(Provider(), string.Concat(other.AsSpan(0, Session.IdLetters), one.AsSpan(Session.IdLetters))), Is.EqualTo("session_invalid"));
    }

    [Test]
    public void A_reload_lets_nobody_in_again_who_has_logged_out()
    {
        var (before, text) = (Provider(), Sealed());
        before.LogOut(Request(text));
        Assert.That(Ask(Provider(before, _options with { Session = TimeSpan.FromHours(1) }), text), Is.EqualTo("session_invalid"));
    }

    [Test]
    public void A_login_that_has_ended_does_not_end_again_after_a_reload()
    {
        var (before, login) = (Provider(), LoginState.New("/", _time.GetUtcNow()));
        var exchange = Heads.Request("/", $"Cookie: __Host-lb-login~p~{login.State[..8]}={Sessions("p").Seal(login)}");
        var query = CallbackQuery.Read(Encoding.ASCII.GetBytes($"code=x&state={login.State}"))!;
        Assert.That(before.Login.Recognize(exchange, query), Is.Not.Null);
        Assert.That(Provider(before, _options with { Session = TimeSpan.FromHours(1) }).Login.Recognize(exchange, query), Is.Null);
    }

    [Test]
    public void A_key_that_is_taken_out_of_the_file_opens_nothing_from_then_on_not_even_what_is_remembered()
    {
        var (provider, text, ended) = (Provider(), Sealed(), Sealed());
        provider.Begin();
        _begun.Add(provider);
        provider.LogOut(Request(ended));
        Assert.That(Ask(provider, text), Is.EqualTo("ann"));
        foreach (var (keys, who) in ((string, string)[])[($"{Two}\n{One}", "ann"), (Two, "session_invalid"), (One, "ann")])
        {
            File.WriteAllText(_file, keys);
            _time.Advance(TimeSpan.FromSeconds(5));
            Assert.That((Ask(provider, text), Ask(provider, ended)), Is.EqualTo((who, "session_invalid")), keys);
        }
    }

    [Test]
    public void A_logout_ends_the_sessions_of_all_providers_of_its_path()
    {
        var providers = new[] { Provider(), Provider(name: "q") };
        var (one, other) = (Sealed(), Sealed("q"));
        var logout = new OidcLogout(providers);
        Assert.That(logout.LogOut(Heads.Request("/", $"Cookie: __Host-lb~p=1.{one}; __Host-lb~q=1.{other}")), Is.EqualTo("/bye"));
        Assert.That((Ask(providers[0], one), Ask(providers[1], other, "q")), Is.EqualTo(("session_invalid", "session_invalid")));
    }

    [Test]
    public void A_refresh_without_tokens_in_it_leaves_those_that_were_there([Values("", null)] string? refreshToken, [Values("", "r")] string before)
    {
        var sessions = Sessions("p");
        var next = sessions.Of(new TokenAnswer(null, refreshToken, 60), new Session("s", "i", before, 1L << 40, 0, 0));
        Assert.That((next.IdToken, next.RefreshToken), Is.EqualTo(("i", before)));
    }

    private OidcProvider Provider(OidcProvider? previous = null, OidcOptions? options = null, string name = "p") =>
        OidcProvider.Create(Builds.Of(new ProviderOptions { Oidc = options ?? _options }, _time) with { Name = name, Previous = previous, Outbound = _outbound })!;

    private OidcSessions Sessions(string name)
    {
        var keys = CookieKeys.Parse(One, out _)!;
        return new OidcSessions(name, _options, () => keys, _time);
    }

    private string Sealed(string name = "p") => Sessions(name).Seal(NewSession())!;

    private Session NewSession()
    {
        var end = _time.GetUtcNow().ToUnixTimeSeconds() + 3600;
        return new Session(Session.NewId(), $"e30.{Base64Url.EncodeToString("""{"sub":"ann"}"""u8)}.x", "", end, end, end);
    }

    private static Exchange Request(string text, string name = "p") => Heads.Request("/", $"Cookie: __Host-lb~{name}=1.{text}");

    private static string? Ask(OidcProvider provider, string text, string name = "p")
    {
        var answer = provider.IdentifyAsync(Request(text, name)).AsTask().Result;
        return answer.Identity?.Subject ?? new Fault(FaultSide.Client, answer.Fault).Reason;
    }
}
