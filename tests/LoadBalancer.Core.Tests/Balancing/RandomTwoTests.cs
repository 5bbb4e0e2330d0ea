using LoadBalancer.Balancing;

namespace LoadBalancer.Tests.Balancing;

public sealed class RandomTwoTests
{
    [Test]
    public void Never_picks_the_one_with_the_most_open_leases()
    {
        var members = Members.Equal(5);
        members[2].Endpoint.Lease();

        var counts = Members.Counts(new RandomTwo(Members.Tier(members)), members, 2_000);

        Assert.That(counts[2], Is.Zero);
        Assert.That(counts.Where((_, at) => at != 2), Is.All.InRange(350, 650));
    }

    [Test]
    public void Keeps_open_leases_near_their_weights_while_they_pile_up()
    {
        var members = Members.Of(5, 3, 2);
        var balancer = new RandomTwo(Members.Tier(members));
        for (var lease = 0; lease < 1_000; lease++)
        {
            balancer.Pick(new PickContext(0))!.Lease();
        }

        Assert.That(members.Select(member => member.Endpoint.Load.Active), Is.EqualTo(new[] { 500, 300, 200 }).Within(15));
    }

    /// <summary>The gain of the second choice: one random choice would leave some endpoint about 40 above the mean.</summary>
    [Test]
    public void Keeps_equal_endpoints_within_a_few_leases_of_each_other()
    {
        var members = Members.Equal(100);
        var balancer = new RandomTwo(Members.Tier(members));
        for (var lease = 0; lease < 10_000; lease++)
        {
            balancer.Pick(new PickContext(0))!.Lease();
        }

        Assert.That(members.Select(member => member.Endpoint.Load.Active), Is.All.InRange(90, 105));
    }

    [Test]
    public void Finds_the_second_of_two_however_light_it_is()
    {
        var members = Members.Of(256, 1);
        members[0].Endpoint.Lease();
        var balancer = new RandomTwo(Members.Tier(members));

        Assert.That(Members.Counts(balancer, members, 100)[1], Is.EqualTo(100));
    }

    [Test]
    public void Draws_alike_from_one_seed_and_otherwise_from_another()
    {
        var first = Drawn(seed: 7);

        Assert.That(Drawn(seed: 7), Is.EqualTo(first));
        Assert.That(Drawn(seed: 8_000), Is.Not.EqualTo(first));

        static string?[] Drawn(uint seed)
        {
            var balancer = new RandomTwo(Members.Tier(Members.Equal(10), seed));
            return [.. Enumerable.Range(0, 50).Select(_ => balancer.Pick(new PickContext(0))!.Address.ToString())];
        }
    }

    [Test]
    public void Leaves_out_whoever_is_at_the_cap()
    {
        var members = Members.Equal(3);
        members[0].Endpoint.Lease();
        members[1].Endpoint.Lease();
        var balancer = new RandomTwo(Members.Tier(members));

        Assert.That(Enumerable.Range(0, 50).Select(_ => balancer.Pick(new PickContext(0, cap: 1))), Is.All.SameAs(members[2].Endpoint));
        members[2].Endpoint.Lease();
        Assert.That(balancer.Pick(new PickContext(0, cap: 1)), Is.Null);
    }
}
