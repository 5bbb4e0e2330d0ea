using System.Text;
using LoadBalancer.Http.Authentication.Oidc;

namespace LoadBalancer.Http.Tests.Authentication.Oidc;

internal sealed class OidcIssuerTests
{
    private static readonly OidcOptions Options = new() { Issuer = "https://login.example.com", ClientId = "lb" };

    [Test]
    public void Reads_what_is_needed()
    {
        var issuer = Read(Document(), out var flaw);
        Assert.That((flaw, issuer?.Token.AbsoluteUri, issuer?.EndSession, issuer?.NamesItself), Is.EqualTo(((string?)null, "https://login.example.com/token", (Uri?)null, false)));
    }

    [TestCase("https://login.example.com/", "it is of the issuer \"https://login.example.com/\", letter by letter another than")]
    [TestCase("https://evil.example.com", "it is of the issuer")]
    public void A_document_of_another_issuer_is_none(string name, string flaw)
    {
        Assert.That(Read(Document(issuer: name), out var found), Is.Null);
        Assert.That(found, Does.StartWith(flaw.Replace('"', '\'')).Or.StartWith(flaw));
    }

    [TestCase("http://login.example.com/token", "its 'token_endpoint' begins with http://")]
    [TestCase("file:///etc/passwd", "its 'token_endpoint' begins with neither https:// nor http://")]
    [TestCase("https://a:b@login.example.com/", "its 'token_endpoint' has a user in it")]
    [TestCase("/token", "its 'token_endpoint'")]
    [TestCase("https://login.ex\u00e4mple.com/token", "its 'token_endpoint' has letters that are not of ASCII")]
    public void An_endpoint_that_may_not_be_asked_is_a_flaw(string endpoint, string flaw)
    {
        Assert.That(Read(Document(token: endpoint), out var found), Is.Null);
        Assert.That(found, Does.StartWith(flaw));
    }

    [TestCase("[]")]
    [TestCase("{\"issuer\":\"a\",\"issuer\":\"https://login.example.com\"}")]
    [TestCase("")]
    public void What_can_be_read_in_two_ways_is_read_in_none(string document)
    {
        Assert.That(Read(document, out var flaw), Is.Null);
        Assert.That(flaw, Does.StartWith("it is no JSON object"));
    }

    [TestCase("https://login.example.com/token", false)]
    [TestCase("https://LOGIN.example.com/token", false)]
    [TestCase("https://keys.example.com/keys", true)]
    [TestCase("https://169.254.169.254/", true)]
    public void Another_host_than_its_own_has_to_be_outside(string address, bool outside) => Assert.That(Options.TrustOf(new Uri(address)).OutsideOnly, Is.EqualTo(outside));

    private static OidcIssuer? Read(string document, out string? flaw) => OidcIssuer.Read(Encoding.UTF8.GetBytes(document), Options, out flaw);

    private static string Document(string issuer = "https://login.example.com", string token = "https://login.example.com/token") =>
        $$"""{"issuer":"{{issuer}}","authorization_endpoint":"https://login.example.com/auth","token_endpoint":"{{token}}","jwks_uri":"https://keys.example.com/keys"}""";
}
