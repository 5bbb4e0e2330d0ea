using LoadBalancer.Http.Authentication.Oidc;

namespace LoadBalancer.Http.Tests.Authentication.Oidc;

internal sealed class LoginCookiesTests
{
    [TestCase("a=1; __Host-lb~staff=1.x; b=2", "a=1; b=2")]
    [TestCase("__Host-lb~staff=1.x;a=1", "a=1")]
    [TestCase("a=1; __Host-lb~staff~1=x; __Host-lb-login~staff~abc=x", "a=1")]
    [TestCase("a=1", "a=1")]
    [TestCase("a=__Host-lb", "a=__Host-lb")]
    [TestCase("__Host-other=1; a", "__Host-other=1; a")]
    public void An_endpoint_gets_the_cookies_that_are_not_lbs(string cookies, string left)
    {
        var exchange = Heads.Request("/", $"Cookie: {cookies}", "X-A: b");
        LoginCookies.RemoveAll(exchange.Request.Fields);
        Assert.That(exchange.Request.Fields.Lines(), Is.EqualTo([$"Cookie: {left}", "X-A: b"]));
    }

    [Test]
    public void Nothing_is_left_of_a_field_with_none_else()
    {
        var exchange = Heads.Request("/", "Cookie: __Host-lb~staff=2.x", "Cookie: __Host-lb~staff~1=y", "Cookie: a=1");
        LoginCookies.RemoveAll(exchange.Request.Fields);
        Assert.That(exchange.Request.Fields.Lines(), Is.EqualTo(["Cookie: a=1"]));
    }

    [Test]
    public void A_request_that_names_a_thousand_logins_does_not_get_a_thousand_lines()
    {
        var exchange = Heads.Request("/", $"Cookie: {string.Join("; ", Enumerable.Range(0, 1000).Select(at => $"__Host-lb-login~staff~{at % 500:D8}"))}");
        new LoginCookies("staff").SetLogin(exchange, LoginState.New("/", DateTimeOffset.UnixEpoch), "x");
        Assert.That((exchange.Cookies.Count, exchange.Cookies.Distinct().Count()), Is.EqualTo(((2 * LoginCookies.MostLogins) + 1, (2 * LoginCookies.MostLogins) + 1)));
    }

    [TestCase(1)]
    [TestCase(3800)]
    [TestCase(3801)]
    [TestCase(15_200)]
    public void A_session_comes_back_as_it_was_set(int length)
    {
        var cookies = new LoginCookies("staff");
        var text = new string('x', length);
        var set = Heads.Request("/");
        cookies.SetSession(set, text, 60);
        var names = set.Cookies.Select(cookie => System.Text.Encoding.ASCII.GetString(cookie).Split("; ")[0]);
        var exchange = Heads.Request("/", [.. names.Select(cookie => $"Cookie: {cookie}")]);
        Assert.That(cookies.TryReadSession(exchange.Request.Fields, new byte[LoginCookies.MostLetters], out var read) ? Heads.Text(read) : null, Is.EqualTo(text));
    }

    [Test]
    public void What_is_left_of_a_longer_session_is_cleared()
    {
        var exchange = Heads.Request("/", "Cookie: __Host-lb~staff=3.x; __Host-lb~staff~1=y; __Host-lb~staff~2=z; __Host-lb~other~1=k");
        new LoginCookies("staff").SetSession(exchange, new string('x', 4000), 60);
        Assert.That(
            exchange.Cookies.Select(cookie => System.Text.Encoding.ASCII.GetString(cookie)).Where(cookie => cookie.EndsWith("Max-Age=0", StringComparison.Ordinal)),
            Is.EqualTo(["__Host-lb~staff~2=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"]));
    }
}
