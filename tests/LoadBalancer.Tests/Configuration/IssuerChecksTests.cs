using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>What cannot be of an issuer, a check service or a login, with what to do.</summary>
internal sealed class IssuerChecksTests
{
    private const string Secret = "client_id: lb, client_secret: \"${file:SECRET}\"";

    [TestCase("{external: http://auth.internal/check}", "lb.yaml:3:24: 'http://auth.internal/check' begins with http://, where everybody on the way can read and change what is said; write https://, or 'allow_http: true' beside it")]
    [TestCase("{external: {url: \"http://auth.internal/check\", allow_http: true}}", null)]
    [TestCase("{external: {url: \"http://127.0.0.1:81/check\"}}", null)]
    [TestCase("{external: {url: \"https://a:b@auth.internal/\"}}", "'url' expects a URL that begins with https:// or http:// such as https://issuer.example.com/keys, not 'https://a:b@auth.internal/'")]
    [TestCase("{external: {url: \"ftp://auth.internal/\"}}", "'url' expects a URL that begins with https:// or http:// such as https://issuer.example.com/keys, not 'ftp://auth.internal/'")]
    [TestCase("{external: {url: \"https://auth.internal/\", forward: [Host]}}", "'forward' expects the name of a header field that is not one of lb's own such as X-User-Id, not 'Host'")]
    [TestCase("{external: {url: \"https://auth.internal/\", ca: /nowhere.pem}}", "cannot use /nowhere.pem: no such file")]
    [TestCase("{external: {url: \"https://auth.internal/\", send: [Cookie, Host]}}", "'Host' cannot be in 'send': lb itself says it to the check service, or it is about the connection or the content; leave it out")]
    [TestCase("{external: {url: \"https://auth.internal/\", send: [Cookie, x_original_uri]}}", "'x_original_uri' cannot be in 'send': lb itself says it to the check service, or it is about the connection or the content; leave it out")]
    [TestCase("{external: {url: \"https://auth.internal/\", send: [Cookie, X-Forwarded-For]}}", "'X-Forwarded-For' cannot be in 'send': lb itself says it to the check service, or it is about the connection or the content; leave it out")]
    [TestCase("{external: {url: \"https://auth.internal/\", send: [Cookie, Content-Type]}}", "'Content-Type' cannot be in 'send': lb itself says it to the check service, or it is about the connection or the content; leave it out")]
    [TestCase("{external: {url: \"https://auth.internal/\", send: [Cookie, User-Agent]}}", "'User-Agent' cannot be in 'send': lb itself says it to the check service, or it is about the connection or the content; leave it out")]
    [TestCase("{external: {url: \"https://auth.internal/\", send: [Cookie, Transfer-Encoding]}}", "'Transfer-Encoding' cannot be in 'send': lb itself says it to the check service, or it is about the connection or the content; leave it out")]
    [TestCase("{external: {url: \"https://auth.internal/\", send: [Cookie, X-Token, Accept]}}", null)]
    [TestCase("{external: {send: [A]}}", "'external' needs the key 'url': a URL that begins with https:// or http:// such as https://issuer.example.com/keys")]
    [TestCase("{introspection: {url: \"http://issuer.example.com/\", " + Secret + "}}", "begins with http://")]
    [TestCase("{introspection: {url: \"https://issuer.example.com/\"}}", "'introspection' needs the key 'client_id'")]
    [TestCase("{introspection: {url: \"https://issuer.example.com/\", client_id: lb, client_secret: hunter2hunter2hunter2}}", "'client_secret' is a secret, which does not stand in the file itself")]
    [TestCase("{oidc: {issuer: \"http://login.example.com\", " + Secret + "}}", "begins with http://")]
    [TestCase("{oidc: {issuer: \"https://login.example.com\", callback: /in, logout: /in, " + Secret + "}}", "'callback' and 'logout' are one path: a browser that comes back from a login would be logged out")]
    [TestCase("{oidc: {issuer: \"https://login.example.com\", callback: \"/a/*\", " + Secret + "}}", "'callback' expects a path of letters, digits and -._~ such as /.lb/callback, not '/a/*'")]
    [TestCase("{oidc: {issuer: \"https://login.example.com\", callback: /a/../b, " + Secret + "}}", "'callback' expects a path of letters, digits and -._~ such as /.lb/callback, not '/a/../b'")]
    [TestCase("{oidc: {issuer: \"https://login.example.com\", cookie_keys: /nowhere, " + Secret + "}}", "cannot use /nowhere: no such file")]
    [TestCase("{oidc: {issuer: \"https://login.example.com\", cookie_keys: SECRET, " + Secret + "}}", "line 1 is no key of 64 hexadecimal digits; make one with: openssl rand -hex 32")]
    [TestCase("{oidc: {issuer: \"https://login.example.com\", algorithms: [HS256], " + Secret + "}}", "'algorithms' expects one of RS256")]
    public void Says_what_is_wrong_and_what_to_do(string provider, string? error)
    {
        var errors = ErrorsOf(provider, "respond: readiness");
        Assert.That(errors, error is null ? Is.Empty : Has.Some.Contains(error), string.Join('\n', errors));
        Assert.That(errors, Has.None.Contains("hunter2").And.None.Contains("letters of a secret"));
    }

    [Test]
    public void People_log_in_by_https_alone() => Assert.That(
        ErrorsOf("{oidc: {issuer: \"https://login.example.com\", " + Secret + "}}", "respond: readiness, auth: who"),
        Has.Some.EndsWith("people log in at 'who' by https alone, since their cookies go over nothing else: the listener 'web' needs 'tls', or 'trusted_proxies' of which one ends it"));

    [Test]
    public void A_route_has_none_of_the_paths_at_which_lb_answers()
    {
        const string Provider = "{oidc: {issuer: \"https://login.example.com\", " + Secret + "}}";
        Assert.That(
            ErrorsOf(Provider, "host: a.test, respond: readiness, auth: who}, {host: a.test, path: /.lb/callback, respond: readiness}, {host: b.test, path: /.lb/callback, respond: readiness", http: ", trusted_proxies: [10.0.0.0/8]"),
            Is.EqualTo(["lb.yaml:2:105: lb itself answers at /.lb/callback there, for the logins of 'who': give the route another path, or the provider another 'callback'"]));
    }

    [TestCase("issuer: \"https://b.example.com\"", "host: a.test", true)]
    [TestCase("issuer: \"https://b.example.com\", callback: /.lb/b", "host: a.test", false)]
    [TestCase("issuer: \"https://b.example.com\"", "host: b.test", false)]
    [TestCase("issuer: \"https://a.example.com\"", "host: a.test", false)]
    public void Logins_at_two_providers_that_end_at_one_path_are_a_warning(string other, string host, bool warns)
    {
        using var folder = new ConfigFolder().With("secret", "letters_of_a_secret").With("lb.yaml", $$$"""
            listeners:
              web: {bind: ":8", http: {routes: [{host: a.test, path: /a, respond: readiness, auth: one}, {{{{host}}}, path: /b, respond: readiness, auth: two}], trusted_proxies: [10.0.0.0/8]}}
            auth:
              one: {oidc: {issuer: "https://a.example.com", client_id: lb, client_secret: "${file:secret}"}}
              two: {oidc: {{{{other}}}, client_id: lb, client_secret: "${file:secret}"}}
            """);
        var result = folder.Load();
        Assert.That(result.Errors, Is.Empty);
        Assert.That(folder.Lines(result.Warnings).Any(line => line.Contains("browsers come back from 'one' and from 'two' to one path, /.lb/callback")), Is.EqualTo(warns));
    }

    private static string[] ErrorsOf(string provider, string route, string http = "")
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["secret"], "letters of a secret".Replace(' ', '_'));
        return ConfigFolder.ErrorsOf(
            $"listeners:\n  web: {{bind: \":8\", http: {{routes: [{{{route}}}]{http}}}}}\nauth: {{who: {provider.Replace("SECRET", folder["secret"])}}}");
    }
}
