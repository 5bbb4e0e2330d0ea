using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Telemetry;

internal sealed class FailureRingTests
{
    private readonly ManualTime _time = new();

    [Test]
    public void The_latest_are_kept_and_no_more_than_there_is_room_for()
    {
        var ring = new FailureRing(3);
        for (var count = 0; count < 5; count++)
        {
            ring.Keep("web", Failed($"id-{count}"), default, _time);
        }

        Assert.That(ring.Latest().Select(kept => kept.Describe().Id), Is.EqualTo((string[])["id-4", "id-3", "id-2"]));
        Assert.That(ring.Latest().Count(kept => kept.Is("id-3"u8)), Is.EqualTo(1));
        Assert.That(ring.Latest().Any(kept => kept.Is("id-0"u8)), Is.False);
    }

    [Test]
    public void What_a_request_leaves_does_not_stay_with_the_next_one_in_its_place()
    {
        var ring = new FailureRing(1);
        var rich = Failed("rich", new string('h', 1000));
        rich.Decisions.Begin("auth");
        rich.Decisions.Note("subject", "alice");
        rich.Decisions.End(PolicyOutcome.Refuse(FaultKind.TokenExpired));
        rich.Note(new FailedAttempt("10.0.0.1:80", new Fault(FaultSide.Upstream, FaultKind.Reset), 0, 1, 2, 0, 3));
        ring.Keep("web", rich, default, _time);
        var first = ring.Latest().Single().Describe();
        Assert.That((first.Policies.Single().Facts.Single().Value, first.Attempts.Single().Fault, first.Host.Length), Is.EqualTo(("alice", "reset", 256)));

        ring.Keep("other", Failed("poor"), default, _time);
        var second = ring.Latest().Single().Describe();
        Assert.That((second.Id, second.Listener, second.Policies.Count, second.Attempts.Count, second.Host), Is.EqualTo(("poor", "other", 0, 0, "test")));
    }

    [Test]
    public void Keeping_one_allocates_nothing_once_its_place_is_warm()
    {
        var ring = new FailureRing(2);
        var exchange = Failed("id");
        exchange.Decisions.Begin("auth");
        exchange.Decisions.Note("provider", "riders");
        exchange.Decisions.Note("kid", "k1"u8);
        exchange.Decisions.End(PolicyOutcome.Refuse(FaultKind.TokenExpired));
        Assert.That(Allocations.Of(() => ring.Keep("web", exchange, default, _time)), Is.Zero);
    }

    [TestCase(FaultKind.None, 200, false)]
    [TestCase(FaultKind.None, 404, true)]
    [TestCase(FaultKind.NoRoute, 404, true)]
    [TestCase(FaultKind.ClientClosed, 0, true)]
    public void A_fault_or_a_bad_status_of_lb_s_own_is_wanted(FaultKind kind, int status, bool wanted)
    {
        var exchange = Heads.Request("/", ["Host: test"]);
        exchange.Fault = kind == FaultKind.None ? Fault.None : new Fault(FaultSide.Client, kind);
        exchange.Response.Status = status;
        Assert.That(FailureRing.Wants(exchange), Is.EqualTo(wanted));
    }

    [Test]
    public void What_a_policy_in_shadow_would_have_refused_is_wanted()
    {
        var exchange = Heads.Request("/", ["Host: test"]);
        exchange.Response.Status = 200;
        exchange.Decisions.Begin("auth");
        exchange.Decisions.End(PolicyOutcome.Refuse(FaultKind.TokenExpired) with { Verdict = PolicyVerdict.WouldRefuse });
        Assert.That(FailureRing.Wants(exchange), Is.True);
        exchange.Decisions.Reset();
        Assert.That(FailureRing.Wants(exchange), Is.False);
    }

    private static Exchange Failed(string id, string host = "test")
    {
        var exchange = Heads.Request("/path?query", [$"Host: {host}", "Authorization: Bearer secret"]);
        var (fields, name) = (exchange.Request.Fields, Encoding.ASCII.GetBytes(host));
        exchange.Request.HostSlice = new Slice(fields.Append(name), name.Length);
        var bytes = Encoding.ASCII.GetBytes(id);
        exchange.RequestIdSlice = new Slice(fields.Append(bytes), bytes.Length);
        exchange.Carrier = new NoCarrier();
        exchange.Fault = new Fault(FaultSide.Client, FaultKind.TokenExpired);
        return exchange;
    }
}
