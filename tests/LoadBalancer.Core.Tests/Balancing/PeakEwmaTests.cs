using System.Collections.Immutable;
using LoadBalancer.Balancing;
using LoadBalancer.Faults;

namespace LoadBalancer.Tests.Balancing;

public sealed class PeakEwmaTests
{
    private readonly ManualTime _time = new();

    [Test]
    public void Prefers_the_endpoint_that_connects_faster()
    {
        var (balancer, members) = Build(1, 1);
        Connected(members[0], 10);
        Connected(members[1], 1);

        Assert.That(Members.Counts(balancer, members, 100), Is.EqualTo(new[] { 0, 100 }));
    }

    [Test]
    public void Weighs_latency_against_open_leases()
    {
        var (balancer, members) = Build(1, 1);
        Connected(members[0], 3);
        Connected(members[1], 1);
        for (var lease = 0; lease < 400; lease++)
        {
            balancer.Pick(new PickContext(0))!.Lease();
        }

        Assert.That(members.Select(member => member.Endpoint.Load.Active), Is.EqualTo(new[] { 100, 300 }).Within(2));
    }

    [Test]
    public void Keeps_open_leases_near_the_weights_where_all_are_equally_fast()
    {
        var (balancer, members) = Build(5, 3, 2);
        foreach (var member in members)
        {
            Connected(member, 1);
        }

        Assert.That(Members.Counts(balancer, members, 10_000).Select(count => count / 10_000.0), Is.EqualTo(new[] { 0.5, 0.3, 0.2 }).Within(0.03), "while idle");
        for (var lease = 0; lease < 1_000; lease++)
        {
            balancer.Pick(new PickContext(0))!.Lease();
        }

        Assert.That(members.Select(member => member.Endpoint.Load.Active), Is.EqualTo(new[] { 500, 300, 200 }).Within(15), "while they pile up");
    }

    [Test]
    public void Measures_an_idle_newcomer_first_and_sends_no_crowd_before_it_has_answered()
    {
        var (balancer, members) = Build(1, 1);
        Connected(members[0], 1);
        Assert.That(balancer.Pick(new PickContext(0)), Is.SameAs(members[1].Endpoint));

        members[1].Endpoint.Lease();
        Assert.That(Members.Counts(balancer, members, 100), Is.EqualTo(new[] { 100, 0 }));
    }

    [Test]
    public void Holds_a_failed_connect_against_an_endpoint_and_forgets_it_with_time()
    {
        var (balancer, members) = Build(1, 1);
        Connected(members[0], 1);
        Connected(members[1], 1);
        members[0].Endpoint.Lease().Return(new Fault(FaultSide.Upstream, FaultKind.ConnectRefused, Retryable: true));
        Assert.That(Members.Counts(balancer, members, 100), Is.EqualTo(new[] { 0, 100 }), "a refusal is fast, and yet");

        _time.Advance(TimeSpan.FromSeconds(60));
        Connected(members[1], 1);
        Assert.That(Members.Counts(balancer, members, 100)[0], Is.EqualTo(100), "nobody has asked it for a minute");
    }

    [Test]
    public void Holds_no_reset_and_no_fault_of_ours_against_it()
    {
        var (balancer, members) = Build(1, 1);
        Connected(members[0], 1);
        Connected(members[1], 2);
        members[0].Endpoint.Lease().Return(new Fault(FaultSide.Upstream, FaultKind.Reset));
        members[0].Endpoint.Lease().Return(new Fault(FaultSide.Internal, FaultKind.OutOfResources));

        Assert.That(Members.Counts(balancer, members, 100)[0], Is.EqualTo(100));
    }

    [Test]
    public void Goes_on_with_what_an_earlier_table_measured()
    {
        var (_, members) = Build(1, 1);
        Connected(members[0], 10);
        Connected(members[1], 1);
        var next = BalancerCatalog.Build("peak_ewma", new Tier(members, 2, new PickCursor(0), _time));

        Assert.That(Members.Counts(next, members, 100), Is.EqualTo(new[] { 0, 100 }));
    }

    private (Balancer Balancer, ImmutableArray<Member> Members) Build(params int[] weights)
    {
        var members = Members.Of(weights);
        return (new PeakEwma(new Tier(members, members.Length, new PickCursor(3), _time)), members);
    }

    private static void Connected(Member member, double ms)
    {
        var lease = member.Endpoint.Lease();
        lease.Answered(0, TimeSpan.FromMilliseconds(ms));
        lease.Return(Fault.None);
    }
}
