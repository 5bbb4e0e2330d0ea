using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Policies.Authentication;
using LoadBalancer.Http.Server;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication;

internal sealed class FailureThrottleTests
{
    private const int Rate = 5;

    private readonly ManualTime _time = new();
    private readonly GuessedProvider _provider = new();
    private AuthenticationPolicy _policy = null!;

    [SetUp]
    public void Begin()
    {
        _provider.Refusal = ProviderAnswer.Refuse(FaultKind.PasswordWrong);
        var context = new BuildContext { Time = _time, Loops = 1, Seeds = new Random(1), Connections = null! };
        _policy = new AuthenticationPolicy(new() { Any = ["p"] }, [_provider], new FailureThrottle(new Rate(Rate, TimeSpan.FromMinutes(1)), context));
    }

    [Test]
    public void After_so_many_bad_credentials_nothing_new_is_looked_at_until_the_window_is_over()
    {
        Assert.That(Enumerable.Range(0, Rate).Select(_ => Ask("bad")), Is.All.EqualTo(FaultKind.PasswordWrong));
        _time.Advance(TimeSpan.FromSeconds(15.5));
        _provider.Asked = 0;
        Assert.That(Ask("bad", out var wait), Is.EqualTo(FaultKind.TooManyFailures));
        Assert.That(Ask("good", out _), Is.EqualTo(FaultKind.TooManyFailures), "a good one is not looked at either: it could be a guess");
        Assert.That((_provider.Asked, wait), Is.EqualTo((0, 45)), "a whole number of seconds, rounded up");
        _time.Advance(TimeSpan.FromSeconds(wait));
        Assert.That(Ask("good"), Is.EqualTo(FaultKind.None));
    }

    [Test]
    public void Who_is_known_is_let_pass_beside_somebody_who_guesses()
    {
        Assert.That(Enumerable.Range(0, Rate + 1).Select(_ => Ask("bad")).ToArray()[^1], Is.EqualTo(FaultKind.TooManyFailures));
        Assert.That(Ask("known"), Is.EqualTo(FaultKind.None));
    }

    [TestCase("198.51.100.7", "198.51.100.8", false)]
    [TestCase("198.51.100.7", "::ffff:198.51.100.7", true)]
    [TestCase("2001:db8:1:2::7", "2001:db8:1:2:ffff::8", true)]
    [TestCase("2001:db8:1:2::7", "2001:db8:1:3::7", false)]
    public void Clients_are_told_apart_by_their_address_or_their_network(string guesses, string asks, bool isSame)
    {
        Assert.That(Enumerable.Range(0, Rate).Select(_ => Ask("bad", client: guesses)), Is.All.EqualTo(FaultKind.PasswordWrong));
        Assert.That(Ask("good", client: asks), Is.EqualTo(isSame ? FaultKind.TooManyFailures : FaultKind.None));
    }

    [TestCase(FaultKind.TokenExpired)]
    [TestCase(FaultKind.TokenNotYetValid)]
    [TestCase(FaultKind.ApiKeyExpired)]
    [TestCase(FaultKind.TokenAudienceWrong)]
    [TestCase(FaultKind.ProviderUnavailable)]
    [TestCase(FaultKind.ClientClosed)]
    public void What_is_no_guess_does_not_count(FaultKind kind)
    {
        _provider.Refusal = ProviderAnswer.Refuse(kind);
        Assert.That(Enumerable.Range(0, 10 * Rate).Select(_ => Ask("bad")), Is.All.EqualTo(kind));
    }

    [Test]
    public void What_is_refused_from_memory_does_not_count_either()
    {
        _provider.Refusal = ProviderAnswer.RefuseAgain(FaultKind.TokenSignatureInvalid);
        Assert.That(Enumerable.Range(0, 10 * Rate).Select(_ => Ask("bad")), Is.All.EqualTo(FaultKind.TokenSignatureInvalid));
    }

    [Test]
    public void No_credential_is_no_bad_one() =>
        Assert.That(Enumerable.Range(0, 10 * Rate).Select(_ => Ask(Request(null))), Is.All.EqualTo(FaultKind.CredentialMissing));

    [Test]
    public void A_rehearsal_counts_nothing()
    {
        for (var at = 0; at < 10 * Rate; at++)
        {
            var exchange = Request("bad");
            exchange.IsRehearsal = true;
            Assert.That(Ask(exchange), Is.EqualTo(FaultKind.PasswordWrong));
        }
    }

    [Test]
    public void A_client_without_an_address_is_never_kept_out() =>
        Assert.That(Enumerable.Range(0, 10 * Rate).Select(_ => Ask("bad", client: null)), Is.All.EqualTo(FaultKind.PasswordWrong));

    [Test]
    public void A_known_caller_allocates_nothing()
    {
        for (var at = 0; at <= Rate; at++)
        {
            Ask("bad");
        }

        var exchange = Request("known");
        var refused = false;
        Assert.That(Allocations.Of(() =>
        {
            exchange.Decisions.Reset();
            var asked = _policy.OnRequestAsync(exchange);
            refused |= !asked.IsCompletedSuccessfully || asked.Result.IsFinal;
        }), Is.Zero);
        Assert.That(refused, Is.False);
    }

    private static Exchange Request(string? credential, string? client = "198.51.100.7")
    {
        var exchange = Heads.Request("/", credential is null ? [] : [$"Key: {credential}"]);
        exchange.ClientAddress = client is null ? null : IPAddress.Parse(client);
        return exchange;
    }

    private FaultKind Ask(string? credential, string? client = "198.51.100.7") => Ask(Request(credential, client));

    private FaultKind Ask(string credential, out int wait)
    {
        var exchange = Request(credential);
        var kind = Ask(exchange);
        wait = exchange.RetryAfterSeconds;
        return kind;
    }

    private FaultKind Ask(Exchange exchange) => _policy.OnRequestAsync(exchange).AsTask().Result.Fault.Kind;

    /// <summary>A provider that knows some credentials by heart.</summary>
    private sealed class GuessedProvider() : IdentityProvider("p")
    {
        private static readonly ProviderAnswer Good = ProviderAnswer.Known(new Identity { Provider = "p", Subject = "x" });

        public ProviderAnswer Refusal { get; set; }

        public int Asked { get; set; }

        public override bool IsPresent(Exchange exchange) => exchange.Request.Fields.Find("Key"u8) >= 0;

        public override bool IsCached(Exchange exchange) => Credential(exchange).SequenceEqual("known"u8);

        public override ValueTask<ProviderAnswer> IdentifyAsync(Exchange exchange)
        {
            Asked++;
            return new(Credential(exchange).SequenceEqual("bad"u8) ? Refusal : Good);
        }

        private static ReadOnlySpan<byte> Credential(Exchange exchange) => exchange.Request.Fields.Value(exchange.Request.Fields.Find("Key"u8));
    }
}
