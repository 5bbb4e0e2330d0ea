using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.ApiKeys;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Authentication;

internal sealed class SecretParametersTests
{
    [TestCase("/a?api_key=secret", "/a?api_key=***")]
    [TestCase("/a?x=1&api_key=secret&y=2&api%5Fkey=secret", "/a?x=1&api_key=***&y=2&api%5Fkey=***")]
    [TestCase("/a?api_key=secret=more&token=other#secret", "/a?api_key=***&token=***")]
    [TestCase("https://h/a?token=%73ecret", "https://h/a?token=***")]
    [TestCase("/a?api_key&x=api_key", "/a?api_key&x=api_key")]
    [TestCase("/api_key=secret", "/api_key=secret")]
    [TestCase("/a?", "/a?")]
    [TestCase("", "")]
    public void Their_values_are_hidden_and_nothing_else(string address, string shown)
    {
        var request = Heads.Request("/", $"Referer: {address}", "X-Other: ?api_key=mine").Request;
        request.TargetSlice = new Slice(request.Fields.Append(System.Text.Encoding.ASCII.GetBytes(address)), address.Length);
        Hiding("api_key", "token").Hide(request);
        Assert.That(Heads.Text(request.Target), Is.EqualTo(shown));
        Assert.That(request.Fields.Values("Referer").Concat(request.Fields.Values("X-Other")), Is.EqualTo(new[] { shown, "?api_key=mine" }));
    }

    [Test]
    public void Where_no_credential_comes_in_a_query_there_are_none() =>
        Assert.That(SecretParameters.Of(Provider(new ApiKeyOptions())), Is.Null);

    private static SecretParameters Hiding(params string[] names) => SecretParameters.Of(names.SelectMany(name => Provider(new ApiKeyOptions { Query = name })))!;

    private static IEnumerable<string> Provider(ApiKeyOptions options) => new ProviderOptions { ApiKey = options }.CredentialParameters;
}
