using System.Text;
using LoadBalancer.Http.Authentication.Oidc;

namespace LoadBalancer.Http.Tests.Authentication.Oidc;

internal sealed class CallbackQueryTests
{
    [TestCase("code=a%2Bb&state=s&iss=https%3A%2F%2Fa", "s|a+b|https://a")]
    [TestCase("state=s&error=access_denied", "s||")]
    [TestCase("state=s&code=a&session_state=x&session_state=y", "s|a|")]
    public void Is_read_decoded(string query, string expected)
    {
        var read = CallbackQuery.Read(Encoding.ASCII.GetBytes(query));
        Assert.That($"{read?.State}|{read?.Code}|{read?.Issuer}", Is.EqualTo(expected));
    }

    [TestCase("")]
    [TestCase("code=a")]
    [TestCase("state=s")]
    [TestCase("state=s&code=a&error=b")]
    [TestCase("state=s&state=s&code=a")]
    [TestCase("state=s&code=a&code=a")]
    [TestCase("state=s&code=a&iss=a&iss=b")]
    public void Anything_else_is_none(string query) => Assert.That(CallbackQuery.Read(Encoding.ASCII.GetBytes(query)), Is.Null);

    [Test]
    public void A_query_of_more_than_4_KiB_is_none() => Assert.That(CallbackQuery.Read(Encoding.ASCII.GetBytes("state=s&code=" + new string('a', 4096))), Is.Null);
}
