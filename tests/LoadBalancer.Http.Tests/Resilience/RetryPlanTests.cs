using LoadBalancer.Faults;
using LoadBalancer.Http.Resilience;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Http.Tests.Resilience;

internal sealed class RetryPlanTests
{
    private static readonly RetryPlan Full = new(new RetryOptions { Attempts = 3, On = ["connect", "reset", "502", "503", "timeout"], IdempotencyKey = RetryOptions.Required });
    private static readonly RetryPlan Off = new(null);

    private static readonly AttemptEnd Refused = new() { Stage = AttemptStage.Unconnected, Fault = Upstream(FaultKind.ConnectRefused, retryable: true), Tries = 1, CanReplay = true };
    private static readonly AttemptEnd Untouched = new() { Stage = AttemptStage.Untouched, Fault = Upstream(FaultKind.Reset), Tries = 1, CanReplay = true };
    private static readonly AttemptEnd Stale = new() { Stage = AttemptStage.Stale, Fault = Upstream(FaultKind.ResponseTruncated), Tries = 1, CanReplay = true, MayRepeat = true };
    private static readonly AttemptEnd Reset = new() { Stage = AttemptStage.Asked, Fault = Upstream(FaultKind.Reset), Tries = 1, CanReplay = true, MayRepeat = true };
    private static readonly AttemptEnd Late = Reset with { Fault = Upstream(FaultKind.FirstByteTimeout) };
    private static readonly AttemptEnd Busy = Reset with { Fault = Fault.None, Status = 503 };

    public static IEnumerable<TestCaseData> Cases =>
    [
        Case("refused", Refused, RetryReason.Connect, RetryReason.Connect),
        Case("refused the third time, without a number", Refused with { Tries = 3 }, RetryReason.Connect, RetryReason.None),
        Case("refused the fourth time, without a number", Refused with { Tries = 4 }, RetryReason.None, RetryReason.None),
        Case("refused by us", Refused with { Fault = new Fault(FaultSide.Internal, FaultKind.OutOfResources) }, RetryReason.None, RetryReason.None),
        Case("nobody to ask", Refused with { Stage = AttemptStage.NoEndpoint }, RetryReason.None, RetryReason.None),
        Case("refused, the body is gone", Refused with { CanReplay = false }, RetryReason.None, RetryReason.None),
        Case("untouched", Untouched, RetryReason.Unseen, RetryReason.Unseen),
        Case("untouched counts as no try", Untouched with { Tries = 9 }, RetryReason.Unseen, RetryReason.Unseen),
        Case("stale", Stale, RetryReason.Unseen, RetryReason.Unseen),
        Case("stale, and unsafe", Stale with { MayRepeat = false }, RetryReason.None, RetryReason.None),
        Case("reset", Reset, RetryReason.None, RetryReason.Reset),
        Case("truncated head", Reset with { Fault = Upstream(FaultKind.ResponseTruncated) }, RetryReason.None, RetryReason.Reset),
        Case("reset, and unsafe", Reset with { MayRepeat = false }, RetryReason.None, RetryReason.None),
        Case("reset, the body is gone", Reset with { CanReplay = false }, RetryReason.None, RetryReason.None),
        Case("reset behind an interim response", Reset with { IsCommitted = true }, RetryReason.None, RetryReason.None),
        Case("reset, the last try", Reset with { Tries = 3 }, RetryReason.None, RetryReason.None),
        Case("late", Late, RetryReason.None, RetryReason.Timeout),
        Case("late in its head", Late with { Fault = Upstream(FaultKind.BetweenBytesTimeout) }, RetryReason.None, RetryReason.Timeout),
        Case("late, and unsafe", Late with { MayRepeat = false }, RetryReason.None, RetryReason.None),
        Case("the exchange is late", Late with { Fault = Upstream(FaultKind.ExchangeTimeout) }, RetryReason.None, RetryReason.None),
        Case("the client is gone", Late with { Fault = new Fault(FaultSide.Client, FaultKind.ClientClosed) }, RetryReason.None, RetryReason.None),
        Case("nonsense", Reset with { Fault = Upstream(FaultKind.ResponseInvalid) }, RetryReason.None, RetryReason.None),
        Case("503", Busy, RetryReason.None, RetryReason.Status),
        Case("504, which is not asked for", Busy with { Status = 504 }, RetryReason.None, RetryReason.None),
        Case("503, and unsafe", Busy with { MayRepeat = false }, RetryReason.None, RetryReason.None),
        Case("503, the last try", Busy with { Tries = 3 }, RetryReason.None, RetryReason.None),
        Case("200", Busy with { Status = 200 }, RetryReason.None, RetryReason.None),
        Case("999", Busy with { Status = 999 }, RetryReason.None, RetryReason.None),
    ];

    [TestCaseSource(nameof(Cases))]
    public void Says_why_a_request_is_sent_again(object end, object byDefault, object full) => Assert.That(
        new[] { RetryPlan.Default, Full, Off }.Select(plan => plan.Judge((AttemptEnd)end)), Is.EqualTo(new[] { (RetryReason)byDefault, (RetryReason)full, RetryReason.None }));

    [TestCase(RequestMethod.Get, false, true, true)]
    [TestCase(RequestMethod.Head, false, true, true)]
    [TestCase(RequestMethod.Put, false, true, true)]
    [TestCase(RequestMethod.Delete, false, true, true)]
    [TestCase(RequestMethod.Options, false, true, true)]
    [TestCase(RequestMethod.Trace, false, true, true)]
    [TestCase(RequestMethod.Post, false, false, false)]
    [TestCase(RequestMethod.Patch, false, false, false)]
    [TestCase(RequestMethod.Other, false, false, false)]
    [TestCase(RequestMethod.Post, true, false, true)]
    [TestCase(RequestMethod.Patch, true, false, true)]
    public void Knows_which_requests_may_be_acted_on_twice(object method, bool hasKey, bool byDefault, bool withKeys)
    {
        var request = Heads.Request("/", hasKey ? ["idempotency-key: 7"] : []).Request;
        request.Method = (RequestMethod)method;
        Assert.That((RetryPlan.Default.MayRepeat(request), Full.MayRepeat(request)), Is.EqualTo((byDefault, withKeys)));
    }

    [Test]
    public void An_empty_key_is_none()
    {
        var request = Heads.Request("/", "Idempotency-Key:").Request;
        request.Method = RequestMethod.Post;
        Assert.That(Full.MayRepeat(request), Is.False);
    }

    [Test]
    public void Keeps_bodies_where_anything_is_sent_again_and_counts_requests_where_an_endpoint_may_have_seen_them()
    {
        var hedged = new RetryPlan(new RetryOptions { HedgeAfter = TimeSpan.FromSeconds(1), Buffer = 1 });
        var once = new RetryPlan(new RetryOptions { Attempts = 1, On = ["503"] });
        Assert.That(new[] { RetryPlan.Default, Off, once, Full, hedged }.Select(plan => plan.Buffer), Is.EqualTo(new[] { 65536, 0, 0, 65536, 1 }));
        Assert.That(new[] { RetryPlan.Default, Off, once, Full, hedged }.Select(plan => plan.IsBudgeting), Is.EqualTo(new[] { false, false, false, true, true }));
    }

    private static TestCaseData Case(string name, AttemptEnd end, RetryReason byDefault, RetryReason full) => new TestCaseData(end, byDefault, full).SetArgDisplayNames(name);

    private static Fault Upstream(FaultKind kind, bool retryable = false) => new(FaultSide.Upstream, kind, retryable);
}
