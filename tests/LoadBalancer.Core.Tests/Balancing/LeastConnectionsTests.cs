using System.Collections.Immutable;
using LoadBalancer.Balancing;

namespace LoadBalancer.Tests.Balancing;

public sealed class LeastConnectionsTests
{
    [Test]
    public void Picks_the_endpoint_with_the_fewest_open_leases()
    {
        var members = Members.Equal(3);
        Open(members, [2, 1, 3]);

        Assert.That(new LeastConnections(Members.Tier(members)).Pick(new PickContext(0)), Is.SameAs(members[1].Endpoint));
    }

    [Test]
    public void Measures_open_leases_against_the_weight()
    {
        var members = Members.Of(4, 1);
        Open(members, [7, 2]);

        Assert.That(new LeastConnections(Members.Tier(members)).Pick(new PickContext(0)), Is.SameAs(members[0].Endpoint));
    }

    [Test]
    public void Keeps_open_leases_in_proportion_to_the_weights()
    {
        var members = Members.Of(5, 3, 2);
        var balancer = new LeastConnections(Members.Tier(members));
        for (var lease = 0; lease < 1_000; lease++)
        {
            balancer.Pick(new PickContext(0))!.Lease();
        }

        Assert.That(members.Select(member => member.Endpoint.Load.Active), Is.EqualTo(new[] { 500, 300, 200 }).Within(1));
    }

    [Test]
    public void Takes_turns_by_weight_while_nothing_is_open()
    {
        var members = Members.Of(5, 3, 2);

        Assert.That(Members.Counts(new LeastConnections(Members.Tier(members)), members, 1_000), Is.EqualTo(new[] { 500, 300, 200 }));
    }

    [Test]
    public void Does_not_herd_to_one_endpoint_on_a_tie()
    {
        var members = Members.Equal(4);
        Open(members, [1, 1, 1, 1]);

        Assert.That(Members.Counts(new LeastConnections(Members.Tier(members)), members, 100), Is.All.EqualTo(25));
    }

    [Test]
    public void Sends_a_burst_to_all_endpoints_after_the_table_is_built_again()
    {
        var members = Members.Equal(4);
        var cursor = new PickCursor(0);
        var first = Enumerable.Range(0, 4)
            .Select(_ => BalancerCatalog.Build("least_connections", new Tier(members, 4, cursor, TimeProvider.System)).Pick(new PickContext(0)));

        Assert.That(first, Is.EquivalentTo(members.Select(member => member.Endpoint)));
    }

    private static void Open(ImmutableArray<Member> members, int[] leases)
    {
        for (var at = 0; at < leases.Length; at++)
        {
            for (var lease = 0; lease < leases[at]; lease++)
            {
                members[at].Endpoint.Lease();
            }
        }
    }
}
