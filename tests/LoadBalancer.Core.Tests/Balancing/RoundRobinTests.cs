using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Tests.Balancing;

public sealed class RoundRobinTests
{
    [Test]
    public void Visits_every_endpoint_once_before_repeating()
    {
        var members = Members.Equal(5);
        var balancer = new RoundRobin(Members.Tier(members, start: 3));
        var visited = Enumerable.Range(0, 10).Select(_ => balancer.Pick(new PickContext(0))).ToArray();

        var (first, second) = (visited[..5], visited[5..]);
        Assert.That(first, Is.EquivalentTo(members.Select(member => member.Endpoint)));
        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public void Keeps_the_weights_exactly_with_eight_threads()
    {
        const int Threads = 8, Cycles = 10_000;
        var members = Members.Of(5, 3, 2);
        var balancer = new RoundRobin(Members.Tier(members));
        var counts = new int[3];

        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, _ =>
        {
            for (var pick = 0; pick < 10 * Cycles; pick++)
            {
                var picked = balancer.Pick(new PickContext(0));
                Interlocked.Increment(ref counts[Array.FindIndex([.. members], member => member.Endpoint == picked)]);
            }
        });

        Assert.That(counts, Is.EqualTo(new[] { 5 * Threads * Cycles, 3 * Threads * Cycles, 2 * Threads * Cycles }));
    }

    [Test]
    public void Goes_on_where_it_stood_when_the_table_is_built_again()
    {
        var members = Members.Equal(4);
        var cursor = new PickCursor(0);
        var visited = new List<Endpoint?>();
        for (var pick = 0; pick < 8; pick++)
        {
            visited.Add(BalancerCatalog.Build("round_robin", new Tier(members, 4, cursor, TimeProvider.System)).Pick(new PickContext(0)));
        }

        Assert.That(visited, Is.EqualTo(members.Concat(members).Select(member => member.Endpoint)));
    }

    [Test]
    public void Spreads_the_share_of_a_dead_endpoint_over_all_others()
    {
        var members = Members.Equal(4);
        var dead = members[0].Endpoint;
        var balancer = new RoundRobin(Members.Tier(members));
        var counts = members.ToDictionary(member => member.Endpoint, _ => 0);
        for (var connection = 0; connection < 3_000; connection++)
        {
            var picked = balancer.Pick(new PickContext(0))!;
            counts[picked == dead ? balancer.Pick(new PickContext(0, [dead]))! : picked]++;
        }

        Assert.That(members.Skip(1).Select(member => counts[member.Endpoint]), Is.All.EqualTo(1_000));
    }

    [Test]
    public void Finds_the_light_endpoint_behind_a_heavy_one_that_was_tried()
    {
        var members = Members.Of(256, 1);
        var balancer = new RoundRobin(Members.Tier(members));

        Assert.That(balancer.Pick(new PickContext(0, [members[0].Endpoint])), Is.SameAs(members[1].Endpoint));
    }

    [Test]
    public void Survives_the_end_of_the_ticket_numbers()
    {
        var members = Members.Equal(3);
        var balancer = new RoundRobin(Members.Tier(members, start: uint.MaxValue - 10));

        Assert.That(Members.Counts(balancer, members, picks: 3_000), Is.All.EqualTo(1_000).Within(1));
    }
}
