using LoadBalancer.Http.Authentication.Oidc;

namespace LoadBalancer.Http.Tests.Authentication.Oidc;

/// <summary>F7: a login ends on the host where it began.</summary>
internal sealed class ReturnPathTests
{
    [TestCase("/")]
    [TestCase("/page?next=https://evil.test//x")]
    [TestCase("/a//b")]
    [TestCase("/%5Cevil.test")]
    public void A_path_is_kept(string path) => Assert.That(ReturnPath.Of(path), Is.EqualTo(path));

    [TestCase("")]
    [TestCase("page")]
    [TestCase("https://evil.test/")]
    [TestCase("//evil.test/")]
    [TestCase("///evil.test/")]
    [TestCase("/\\evil.test/")]
    [TestCase("\\\\evil.test/")]
    [TestCase("/\t/evil.test/")]
    [TestCase("/\n/evil.test/")]
    [TestCase("/a\r\nSet-Cookie: b=c")]
    [TestCase(" //evil.test/")]
    [TestCase("/ /evil.test/")]
    [TestCase("javascript:alert(1)")]
    [TestCase("/p\u00e4ge")]
    [TestCase("/a\\b")]
    [TestCase("?next=//evil.test")]
    [TestCase("@evil.test")]
    public void Anything_else_is_the_root(string path) => Assert.That(ReturnPath.Of(path), Is.EqualTo("/"));

    [Test]
    public void A_path_that_is_too_long_for_a_cookie_is_the_root() =>
        Assert.That((ReturnPath.Of("/" + new string('a', 1023)).Length, ReturnPath.Of("/" + new string('a', 1024))), Is.EqualTo((1024, "/")));
}
