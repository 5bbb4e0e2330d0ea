using LoadBalancer.Configuration;
using LoadBalancer.Http.Explaining;

namespace LoadBalancer.Http.Tests.Explaining;

internal sealed class RedactionTests
{
    private static readonly Redaction Redaction = new(["X-Partner"], ["ticket"], [new Secret("s3cr3t-of-the-file"), new Secret("short")]);

    [TestCase("Authorization: Bearer abc", "Authorization: (secret)")]
    [TestCase("authorization:Basic abc", "authorization: (secret)")]
    [TestCase("COOKIE: a=b; c=d", "COOKIE: (secret)")]
    [TestCase("Set-Cookie: a=b", "Set-Cookie: (secret)")]
    [TestCase("Proxy-Authorization: x", "Proxy-Authorization: (secret)")]
    [TestCase("X-API-Key: k", "X-API-Key: (secret)")]
    [TestCase("x-partner: k", "x-partner: (secret)")]
    [TestCase("X-Backend: before s3cr3t-of-the-file after", "X-Backend: before (secret) after")]
    [TestCase("X-Short: short", "X-Short: short")]
    [TestCase("Accept: */*", "Accept: */*")]
    [TestCase("Location: https://a/b?code=1&x=2", "Location: https://a/b?code=(secret)&x=2")]
    public void Fields_that_carry_credentials_have_no_value(string line, string shown) => Assert.That(Redaction.Field(line), Is.EqualTo(shown));

    [TestCase("https://a/b?ticket=1&x=2#f", "https://a/b?ticket=(secret)&x=2#f")]
    [TestCase("GET /b?x=2&access_token=abc HTTP/1.1", "GET /b?x=2&access_token=(secret) HTTP/1.1")]
    [TestCase("/b?%74icket=1", "/b?%74icket=(secret)")]
    [TestCase("/b?API_KEY=1", "/b?API_KEY=(secret)")]
    [TestCase("/b?x", "/b?x")]
    [TestCase("/b", "/b")]
    public void Parameters_that_carry_credentials_have_no_value(string text, string shown) => Assert.That(Redaction.Query(text), Is.EqualTo(shown));
}
