using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Daemon.Tests.Configuration;
using LoadBalancer.Http.Authentication;

namespace LoadBalancer.Daemon.Tests.Explaining;

internal sealed class QuestionTests
{
    private static readonly ValueMap<ProviderOptions> None = ValueMap<ProviderOptions>.Empty;

    [TestCase("https://a/b/../c?x#f", "a", "/b/../c?x")]
    [TestCase("http://a", "a", "/")]
    [TestCase("http://a?x=1", "a", "/?x=1")]
    [TestCase("http://a:80/", "a", "/")]
    [TestCase("https://a:8443/%2e%2e", "a:8443", "/%2e%2e")]
    [TestCase("http://[::1]:80/x", "[::1]", "/x")]
    [TestCase("http://bücher.example/ü", "xn--bcher-kva.example", "/%C3%BC")]
    [TestCase("http://a/b c", "a", "/b c")]
    [TestCase("wss://a/live", "a", "/live")]
    public void The_target_is_sent_as_it_was_written(string url, string authority, string target)
    {
        var request = new Question { Url = url }.ToRequest(null);
        Assert.That((request.Authority, request.Target), Is.EqualTo((authority, target)));
    }

    [TestCase("api.example.com")]
    [TestCase("/users/7")]
    [TestCase("ftp://a/")]
    [TestCase("file:///etc/passwd")]
    [TestCase("http://")]
    [TestCase("http://user:password@a/")]
    [TestCase("http://a/\r\nX-Admin: 1")]
    [TestCase("http://a/\0")]
    [TestCase("")]
    public void What_is_no_URL_of_a_request_is_refused(string url) =>
        Assert.That(() => new Question { Url = url }.ToRequest(null), Throws.TypeOf<QuestionException>().With.Message.Not.Contains("password@"));

    [TestCase("no colon")]
    [TestCase(": value")]
    [TestCase("Na me: value")]
    [TestCase("Authorization: Bearer secret\r\nX-Admin: 1")]
    [TestCase("Authorization: Bearer secret\nX-Admin: 1")]
    [TestCase("Authorization: Bearer secret\0")]
    public void What_is_no_header_is_refused_and_its_value_is_not_shown(string header) =>
        Assert.That(() => new Question { Url = "http://a/", Headers = [header] }.ToRequest(null), Throws.TypeOf<QuestionException>().With.Message.Not.Contains("secret"));

    [TestCase("GET /admin")]
    [TestCase("GET\r\n")]
    [TestCase("")]
    public void What_is_no_method_is_refused(string method) =>
        Assert.That(() => new Question { Url = "http://a/", Method = method }.ToRequest(null), Throws.TypeOf<QuestionException>());

    [Test]
    public void An_identity_is_read_with_lists() => Assert.Multiple(() =>
    {
        var identity = new Question { Url = "http://a/", Identity = "sub=alice,roles=a,b,plan=pro,scope=read write,tenant=t1" }.ToIdentity(None)!;
        Assert.That((identity.Subject, identity.Plan), Is.EqualTo(("alice", "pro")));
        Assert.That(identity.Roles, Is.EqualTo((string[])["a", "b"]));
        Assert.That(identity.Scopes, Is.EqualTo((string[])["read", "write"]));
        Assert.That(identity.Claims["tenant"], Is.EqualTo((string[])["t1"]));
        Assert.That(() => new Question { Url = "http://a/", Identity = "alice" }.ToIdentity(None), Throws.TypeOf<QuestionException>());
        Assert.That(() => new Question { Url = "http://a/", Identity = "roles=a" }.ToIdentity(None), Throws.TypeOf<QuestionException>());
    });

    [TestCase("http://x/", null, "web")]
    [TestCase("http://x:8080/", null, "inner")]
    [TestCase("http://x:99/", "inner", "inner")]
    [TestCase("http://x:99/", null, "no listener is for http on port 99: say which one is meant; there are web, inner")]
    [TestCase("https://x/", null, "no listener is for https on port 443: say which one is meant; there are web, inner")]
    [TestCase("https://x/", "web", "web")]
    [TestCase("http://x/", "wep", "no listener is called 'wep'; did you mean 'web'?")]
    [TestCase("http://x/", "raw", "the listener 'raw' is a TCP listener: it has no requests")]
    public void The_listener_is_the_one_of_scheme_and_port(string url, string? name, string expected)
    {
        var listeners = ConfigFolder.OptionsOf("listeners: {web: {bind: \":80\", http: {upstream: u}}, inner: {bind: \":8080\", http: {upstream: u}}, raw: {bind: \":5432\", tcp: u}}\nupstreams: {u: {endpoints: \"10.0.0.1:80\"}}\n").Listeners;
        string found;
        try
        {
            found = ListenerChoice.Find(new Question { Url = url, Listener = name }, listeners, []);
        }
        catch (QuestionException error)
        {
            found = error.Message;
        }

        Assert.That(found, Is.EqualTo(expected));
    }

    [TestCase("http://api.test/", "open")]
    [TestCase("http://x.staff.test/", "staff")]
    [TestCase("http://A.Staff.test/", "inner")]
    [TestCase("http://127.0.0.2/", "staff")]
    [TestCase("http://other.staff.test:8080/", "several listeners are for http on port 8080: say which one is meant; there are one, two")]
    public void Of_several_on_one_port_it_is_the_nearest_to_the_host(string url, string expected)
    {
        var listeners = ConfigFolder.OptionsOf("""
            listeners:
              open: {bind: "127.0.0.1:80", http: {upstream: u}}
              staff: {bind: "127.0.0.2:80", http: {routes: [{host: "*.staff.test", upstream: u}]}}
              inner: {bind: "127.0.0.3:80", http: {routes: [{host: a.staff.test, upstream: u}]}}
              one: {bind: "127.0.0.1:8080", http: {upstream: u}}
              two: {bind: "127.0.0.2:8080", http: {upstream: u}}
            upstreams: {u: {endpoints: "10.0.0.1:80"}}

            """).Listeners;
        var assumed = new List<string>();
        string found;
        try
        {
            found = ListenerChoice.Find(new Question { Url = url }, listeners, assumed);
        }
        catch (QuestionException error)
        {
            found = error.Message;
        }

        Assert.That((found, assumed.Count), Is.EqualTo((expected, expected.StartsWith("several", StringComparison.Ordinal) ? 0 : 1)));
    }
}
