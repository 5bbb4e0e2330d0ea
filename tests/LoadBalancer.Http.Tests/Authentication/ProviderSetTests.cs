using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.ApiKeys;
using LoadBalancer.Http.Authentication.Oidc;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication;

internal sealed class ProviderSetTests
{
    [Test]
    public void Another_consumer_is_news_to_keys_alone()
    {
        var options = new ValueMap<ProviderOptions>(
        [
            KeyValuePair.Create("keys", new ProviderOptions { ApiKey = new ApiKeyOptions() }),
            KeyValuePair.Create("people", new ProviderOptions { Oidc = new OidcOptions { Issuer = "https://login.example.com", ClientId = "lb" } }),
        ]);
        var before = Build(options, [], null);
        var after = Build(options, [KeyValuePair.Create("acme", new ConsumerOptions())], before);
        Assert.That(options.Keys.Select(name => (name, after.Find(name) == before.Find(name))), Is.EqualTo(new[] { ("keys", false), ("people", true) }));
    }

    private static ProviderSet Build(ValueMap<ProviderOptions> options, IEnumerable<KeyValuePair<string, ConsumerOptions>> consumers, ProviderSet? previous) => ProviderSet.Build(
        options, new ValueMap<ConsumerOptions>(consumers), null, previous, new BuildContext { Time = new ManualTime(), Loops = 1, Seeds = new Random(1), Connections = null! }, null!);
}
