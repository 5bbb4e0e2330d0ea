using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.External;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Tests.Authentication.External;

/// <summary>What the answers of a check service mean; end to end in ExternalScenarios.</summary>
[CancelAfter(30_000)]
internal sealed class ExternalProviderTests
{
    private readonly LoopGroup _loops = new(1, TimeProvider.System, (_, _) => { }, _ => { });
    private OutboundClient _outbound;

    [SetUp]
    public void Begin() => _outbound = new OutboundClient(TimeProvider.System);

    [TearDown]
    public void End() => _outbound.Dispose();

    [OneTimeTearDown]
    public void Close() => _loops.Dispose();

    [TestCase(302)]
    [TestCase(400)]
    [TestCase(404)]
    [TestCase(413)]
    [TestCase(431)]
    public async Task A_service_that_turns_a_request_down_was_asked_and_refuses_it(int status)
    {
        var answer = await AskAsync(LoopbackService.Answer(status));
        Assert.That((answer.Failure, answer.Identity, answer.Refusal, answer.IsKept), Is.EqualTo(((string?)null, (Identity?)null, FaultKind.ExternalForbidden, false)));
    }

    [TestCase(408)]
    [TestCase(429)]
    [TestCase(500)]
    [TestCase(503)]
    public async Task A_service_that_has_no_time_or_is_broken_was_not_asked(int status) =>
        Assert.That((await AskAsync(LoopbackService.Answer(status))).Failure, Does.StartWith($"the check service answers {status}, "));

    [TestCase("X-User-Id: ann", ExpectedResult = "ann")]
    [TestCase("X-User-Id:", ExpectedResult = null)]
    [TestCase("X-Other: ann", ExpectedResult = null)]
    public async Task<string?> A_yes_that_names_nobody_where_it_should_is_a_no(string field)
    {
        var answer = await AskAsync(LoopbackService.Answer(200, "", "text/plain", field), new ExternalOptions { SubjectHeader = "X-User-Id" });
        Assert.That((answer.Failure, answer.Refusal), Is.EqualTo(((string?)null, answer.Identity is null ? FaultKind.ExternalDenied : FaultKind.None)));
        return answer.Identity?.Subject;
    }

    [Test]
    public async Task Beyond_the_questions_that_may_be_under_way_it_is_503_whatever_on_failure_says()
    {
        var never = new TaskCompletionSource<byte[]>();
        await using var service = new LoopbackService(_ => never.Task);
        var options = new ExternalOptions { Url = service.Address, AllowsOnFailure = true, Timeout = TimeSpan.FromMinutes(1) };
        var provider = ExternalProvider.Create(Builds.Of(new ProviderOptions { External = options }) with { Outbound = _outbound })!;
        for (var at = 0; at < ExternalProvider.MostUnderWay; at++)
        {
            // On a loop, as it is told when the question ends with the test.
            var exchange = Heads.Refill(new Exchange(_loops.Loops[0]), $"/{at}", "Host: a.test");
            Assert.That(provider.IdentifyAsync(exchange).AsTask().IsCompleted, Is.False);
        }

        var answer = provider.IdentifyAsync(Heads.Request("/more", "Host: a.test")).AsTask();
        Assert.That(answer.IsCompleted, Is.True);
        Assert.That(answer.Result.Fault, Is.EqualTo(FaultKind.ProviderUnavailable));
    }

    [TestCase("a=1; __Host-lb~staff=1.abc; b=2", ExpectedResult = "Cookie: a=1; b=2\n")]
    [TestCase("a;b;c;d;e;f;g;h;i;j;k;l;m;n;__Host-lb-login~staff~AAAAAAAA=x", ExpectedResult = "Cookie: a; b; c; d; e; f; g; h; i; j; k; l; m; n\n")]
    [TestCase("__Host-lb~staff=1.abc;__Host-lb~staff~1=def", ExpectedResult = "")]
    [TestCase("a=__Host-lb~staff", ExpectedResult = "Cookie: a=__Host-lb~staff\n")]
    public string A_sealed_session_is_for_lb_alone(string cookies)
    {
        var exchange = Heads.Request("/", "Host: a.test", $"Cookie: {cookies}");
        var lines = Heads.Text(new ExternalQuestion(["Cookie"]).Write(exchange));
        return lines[(lines.IndexOf("X-Forwarded-Proto: http\n", StringComparison.Ordinal) + "X-Forwarded-Proto: http\n".Length)..];
    }

    private async Task<ExternalAnswer> AskAsync(byte[] answer, ExternalOptions? options = null)
    {
        await using var service = new LoopbackService(_ => answer);
        return await new ExternalClient("p", (options ?? new ExternalOptions()) with { Url = service.Address }, _outbound).AskAsync("X-Original-Method: GET\n");
    }
}
