using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.Oidc;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication.Oidc;

internal sealed class OidcCallbackTests
{
    private const int Rate = 5;

    private readonly OidcCallback _callback = new(
        [], new FailureThrottle(new Rate(Rate, TimeSpan.FromMinutes(1)), new BuildContext { Time = new ManualTime(), Loops = 1, Seeds = new Random(1), Connections = null! }));

    [Test]
    public void Who_comes_back_from_logins_that_were_never_begun_is_soon_not_listened_to()
    {
        var exchange = Heads.Request("/.lb/callback?code=x&state=12345678901234567890");
        Assert.That(Enumerable.Range(0, Rate).Select(_ => Ask(exchange)), Is.All.EqualTo(FaultKind.LoginInvalid));
        Assert.That((Ask(exchange), exchange.RetryAfterSeconds > 0), Is.EqualTo((FaultKind.TooManyFailures, true)));
    }

    private FaultKind Ask(Exchange exchange) => _callback.HandleAsync(exchange).AsTask().Result.Kind;
}
