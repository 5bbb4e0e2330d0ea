using System.Net;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Templates;

namespace LoadBalancer.Http.Tests.Responses;

internal sealed class RedirectTests
{
    [TestCase("/new${path}", "/new/a%20b")]
    [TestCase("https://shop.example${path}?${query}", "https://shop.example/a%20b?x=1&y=%22")]
    [TestCase("https://${host}/", "https://a.example/")]
    [TestCase("${scheme}://a.example:8443${path}", "http://a.example:8443/a%20b")]
    [TestCase("/search?q=${header.X-Evil}", "/search?q=%2F%2Fevil.example%0D")]
    [TestCase("/${header.X-Evil}", "/%2F%2Fevil.example%0D")]
    public void Leads_where_the_file_says(string to, string location)
    {
        var exchange = Request("/a%20b?x=1&y=%22");
        Assert.That(Prepare(exchange, to), Is.EqualTo(FaultKind.None));
        Assert.That(exchange.Response.Status, Is.EqualTo(308));
        Assert.That(exchange.Response.Fields.Lines(), Is.EqualTo(new[] { $"Location: {location}" }));
    }

    [TestCase("${path}", "//evil.example/x", "/evil.example/x")]
    [TestCase("/${path}", "/evil.example", "/evil.example")]
    [TestCase("/${path}", "//evil.example", "/evil.example")]
    public void F7_a_path_never_becomes_a_host(string to, string path, string location)
    {
        var exchange = Request(path);
        Assert.That(Prepare(exchange, to), Is.EqualTo(FaultKind.None));
        Assert.That(exchange.Response.Fields.Values("Location"), Is.EqualTo(new[] { location }));
    }

    [TestCase("${path}", "/\\evil.example", "/%5Cevil.example")]
    [TestCase("/x?${query}", "/?a\\b", "/x?a%5Cb")]
    public void F7_a_backslash_is_no_slash(string to, string target, string location)
    {
        var exchange = Request(target);
        Assert.That(Prepare(exchange, to), Is.EqualTo(FaultKind.None));
        Assert.That(exchange.Response.Fields.Values("Location"), Is.EqualTo(new[] { location }));
    }

    [TestCase("https://${header.X-Site}/", false)]
    [TestCase("https://${host}/", false)]
    [TestCase("https://a.example${query}", true)]
    [TestCase("https://a.example${path.id}", true)]
    [TestCase("https://a.${header.X}/x", true)]
    [TestCase("${header.Referer}", true)]
    [TestCase("${query}", true)]
    [TestCase("${host}/x", true)]
    [TestCase("${scheme}", true)]
    [TestCase("${scheme}${path}", true)]
    [TestCase("//evil.example", true)]
    [TestCase("javascript:alert(1)", true)]
    [TestCase("https:///x", true)]
    [TestCase("relative", true)]
    [TestCase("", true)]
    [TestCase("/a b", true)]
    [TestCase("/a\\b", true)]
    [TestCase("https://a.example@${host}.evil", false)]
    public void F6_F7_a_target_that_a_request_could_bend_is_an_error_at_load(string to, bool hasHost) =>
        Assert.That(RedirectTarget.Check(Template.Parse(to, ["id"]), hasHost), Is.Not.Null);

    [TestCase("/", false)]
    [TestCase("/new/${path.id}?${query}", false)]
    [TestCase("${path}/", false)]
    [TestCase("https://a.example", false)]
    [TestCase("HTTPS://a.example/${header.X}", false)]
    [TestCase("https://a.example:8443${path}", false)]
    [TestCase("https://${host}${path}", true)]
    [TestCase("${scheme}://www.${host}/x", true)]
    public void A_target_that_no_request_can_bend_is_fine(string to, bool hasHost) =>
        Assert.That(RedirectTarget.Check(Template.Parse(to, ["id"]), hasHost), Is.Null);

    [TestCase("a.example", 443, "/x?y=1", "https://a.example/x?y=1")]
    [TestCase("a.example:81", 443, "/x", "https://a.example/x")]
    [TestCase("a.example:8080", 443, "/x", "https://a.example/x")]
    [TestCase("a.example", 8443, "/", "https://a.example/", Description = "the client does not see lb's ports")]
    [TestCase("a.example:81", 8443, "/", "https://a.example/", Description = "nor does this one")]
    [TestCase("a.example:8080", 8443, "/", "https://a.example:8443/", Description = "it sees lb's own port")]
    public void To_https_it_leads_to_the_same_place(string host, int port, string target, string location)
    {
        var exchange = Heads.Request(target, $"Host: {host}");
        exchange.Local = new IPEndPoint(IPAddress.Loopback, 8080);
        Assert.That(new RedirectToHttps(_ => port).TryPrepare(exchange), Is.True);
        Assert.That(exchange.Response.Status, Is.EqualTo(308));
        Assert.That(exchange.Response.Fields.Lines(), Is.EqualTo(new[] { $"Location: {location}" }));
    }

    [Test]
    public void F6_to_https_it_leads_to_no_host_that_nobody_serves() =>
        Assert.That(new RedirectToHttps(_ => 0).TryPrepare(Heads.Request("/", "Host: evil.example")), Is.False);

    private static Exchange Request(string target)
    {
        var exchange = Heads.Request(target, "Host: a.example");
        exchange.Request.Fields.BeginField("X-Evil"u8);
        exchange.Request.Fields.Append(Encoding.ASCII.GetBytes("//evil.example\r"));
        exchange.Request.Fields.EndField(KnownHeader.Other);
        return exchange;
    }

    private static FaultKind Prepare(Exchange exchange, string to) => new Redirect(new RedirectOptions { To = to, Status = 308 }, []).Prepare(exchange);
}
