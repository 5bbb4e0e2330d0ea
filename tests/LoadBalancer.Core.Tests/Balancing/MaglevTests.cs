using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Tests.Balancing;

public sealed class MaglevTests
{
    private const int Keys = 20_000;

    /// <summary>The last byte of the addresses that the first sixteen keys meet, computed by a program in another language.</summary>
    private static readonly int[] Golden = [4, 2, 3, 1, 4, 3, 4, 4, 2, 3, 2, 4, 4, 3, 4, 2];

    [Test]
    public void Keeps_a_key_on_its_endpoint()
    {
        var balancer = Members.Build("hash", Members.Equal(10));

        Assert.That(Enumerable.Range(0, 100).Select(_ => balancer.Pick(new PickContext(Members.Key(7)))).Distinct().Count(), Is.EqualTo(1));
    }

    /// <summary>These are promises to running installations: another answer here moves every client of every user at an upgrade.</summary>
    [Test]
    public void Gives_the_same_answer_in_every_process_and_version()
    {
        var balancer = Members.Build("hash", Members.Of(1, 2, 3, 4));

        Assert.That(
            Enumerable.Range(0, 16).Select(key => balancer.Pick(new PickContext(Members.Key(key)))!.Address.ToString()!["10.0.0.".Length] - '0'),
            Is.EqualTo(Golden));
    }

    [Test]
    public void Does_not_depend_on_the_order_of_the_list() =>
        Prop.ForAll(Members.Weights, weights =>
        {
            var members = Members.Of(weights);
            return SameAnswers(Members.Build("hash", members), Members.Build("hash", [.. members.Reverse()]));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20));

    [Test]
    public void Moves_about_one_key_in_n_when_one_of_n_goes([Values(3, 10, 40)] int count)
    {
        var members = Members.Equal(count);
        var gone = members[count / 2];
        var before = Members.Build("hash", members);
        var after = BalancerCatalog.Build("hash", new Tier(members.Remove(gone), count, new PickCursor(0), TimeProvider.System));

        var moved = Enumerable.Range(0, Keys).Count(key => Picked(before, key) != Picked(after, key));
        var movedInVain = Enumerable.Range(0, Keys).Count(key => Picked(before, key) != gone.Endpoint && Picked(before, key) != Picked(after, key));

        Assert.That((double)moved / Keys, Is.EqualTo(1.0 / count).Within(0.035));
        Assert.That((double)movedInVain / Keys, Is.LessThan(0.03));
    }

    [Test]
    public void Spreads_the_keys_of_a_lost_endpoint_over_all_others()
    {
        var members = Members.Equal(5);
        var gone = members[0];
        var before = Members.Build("hash", members);
        var after = BalancerCatalog.Build("hash", new Tier(members.Remove(gone), 5, new PickCursor(0), TimeProvider.System));
        var heirs = Enumerable.Range(0, Keys)
            .Where(key => Picked(before, key) == gone.Endpoint)
            .CountBy(key => Picked(after, key))
            .Select(heir => (double)heir.Value / (Keys / 5));

        Assert.That(heirs, Has.Exactly(4).Items.And.All.EqualTo(0.25).Within(0.04));
    }

    [Test]
    public void Moves_few_keys_in_vain_when_any_weighted_member_goes() =>
        Prop.ForAll(Members.Weights, weights =>
        {
            var members = Members.Of([.. weights, 100]);
            var gone = members[0];
            var before = Members.Build("hash", members);
            var after = BalancerCatalog.Build("hash", new Tier(members.Remove(gone), members.Length, new PickCursor(0), TimeProvider.System));
            var inVain = Enumerable.Range(0, Keys).Count(key => Picked(before, key) is var was && was != gone.Endpoint && was != Picked(after, key));
            return inVain < 0.06 * Keys;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20));

    [Test]
    public void Gives_equal_endpoints_equal_shares_within_one_percent()
    {
        var members = Members.Equal(100);
        var balancer = Members.Build("hash", members);
        var shares = SlotShares(balancer, members);

        Assert.That(shares, Is.All.EqualTo(0.01).Within(1).Percent);
    }

    [Test]
    public void Gives_shares_by_weight()
    {
        var members = Members.Of(5, 3, 2);

        Assert.That(SlotShares(Members.Build("hash", members), members), Is.EqualTo(new[] { 0.5, 0.3, 0.2 }).Within(1).Percent);
    }

    [Test]
    public void Leaves_out_nobody_however_light()
    {
        var members = Members.Of([.. Enumerable.Repeat(256, 99), 1]);

        Assert.That(SlotShares(Members.Build("hash", members), members), Is.All.GreaterThan(0));
    }

    [Test]
    public void Gives_a_tried_key_the_same_second_choice_every_time_and_different_keys_different_ones()
    {
        var members = Members.Equal(5);
        var balancer = Members.Build("hash", members);
        var dead = members[0].Endpoint;
        var second = Enumerable.Range(0, 2_000)
            .Where(key => Picked(balancer, key) == dead)
            .Select(key => (One: balancer.Pick(new PickContext(Members.Key(key), [dead])), Two: balancer.Pick(new PickContext(Members.Key(key), [dead]))))
            .ToArray();

        Assert.That(second.All(choice => choice.One == choice.Two), Is.True);
        Assert.That(second.Select(choice => choice.One).Distinct().Count(), Is.EqualTo(4));
    }

    [TestCase(1, 100)]
    [TestCase(655, 100)]
    [TestCase(656, 100)]
    [TestCase(2_621, 100)]
    [TestCase(2_622, 100)]
    [TestCase(10_485, 100)]
    [TestCase(65_534, 16)]
    public void Has_places_enough_for_every_endpoint(int count, int places) =>
        Assert.That(Maglev.SizeFor(count), Is.GreaterThanOrEqualTo(places * count));

    [Test]
    public void Has_a_prime_number_of_places_so_that_every_skip_meets_all_of_them([Values(1, 1_000, 10_000)] int count)
    {
        var size = Maglev.SizeFor(count);

        Assert.That(Enumerable.Range(2, (int)Math.Sqrt(size)).Where(divisor => size % divisor == 0), Is.Empty);
    }

    [Test]
    public void Refuses_more_endpoints_than_it_can_number() =>
        Assert.That(
            () => new Maglev(Members.Tier(Members.Equal(ushort.MaxValue))),
            Throws.ArgumentException.With.Message.Contains("65,534"));

    [Test]
    public void Lets_no_endpoint_carry_more_than_its_bound_of_the_mean([Values(1.0, 1.25, 2.0)] double maxLoad)
    {
        var members = Members.Of(2, 1, 1, 1);
        var balancer = Bounded(members, maxLoad);

        // One client alone, who unbounded would open all of them at one endpoint.
        for (var lease = 1; lease <= 1_000; lease++)
        {
            Picked(balancer, 7).Lease();
            foreach (var (endpoint, weight, _) in members)
            {
                Assert.That(endpoint.Load.Active, Is.LessThanOrEqualTo(Math.Ceiling(maxLoad * lease * weight / 5)));
            }
        }

        Assert.That(members.Sum(member => member.Endpoint.Load.Active), Is.EqualTo(1_000));
    }

    [Test]
    public void Leaves_keys_at_home_while_the_load_is_even()
    {
        var members = Members.Equal(5);
        var (free, bounded) = (Members.Build("hash", members), Bounded(members, 1.25));
        foreach (var (endpoint, _, _) in members)
        {
            Lease(endpoint, 100);
        }

        Assert.That(Enumerable.Range(0, 1_000).All(key => Picked(free, key) == Picked(bounded, key)), Is.True);
    }

    [Test]
    public void Moves_a_key_over_the_bound_to_the_same_place_every_time_and_home_when_there_is_room()
    {
        var members = Members.Equal(5);
        var (free, bounded) = (Members.Build("hash", members), Bounded(members, 1.25));
        var full = members[0].Endpoint;
        var leases = Enumerable.Range(0, 10).Select(_ => full.Lease()).ToArray();
        var keys = Enumerable.Range(0, 2_000).Where(key => Picked(free, key) == full).ToArray();

        var moved = keys.Select(key => Picked(bounded, key)).ToArray();
        Assert.That(moved, Has.None.SameAs(full));
        Assert.That(moved.Distinct().Count(), Is.EqualTo(4), "not all to one neighbour");
        Assert.That(keys.Select(key => Picked(bounded, key)), Is.EqualTo(moved));
        Assert.That(keys.Select(key => free.Pick(new PickContext(Members.Key(key), [full]))), Is.EqualTo(moved), "where they would go if it had failed");

        foreach (var lease in leases)
        {
            var returned = lease;
            returned.Return(LoadBalancer.Faults.Fault.None);
        }

        Assert.That(keys.Select(key => Picked(bounded, key)), Is.All.SameAs(full));
    }

    [Test]
    public void Would_rather_exceed_the_bound_than_refuse()
    {
        var members = Members.Equal(2);
        Lease(members[0].Endpoint, 10);

        Assert.That(Bounded(members, 1.0).Pick(new PickContext(1, [members[1].Endpoint])), Is.SameAs(members[0].Endpoint));
    }

    [Test]
    public void Picks_within_a_bound_without_allocating()
    {
        var members = Members.Of(5, 3, 2);
        Lease(members[0].Endpoint, 10);
        var balancer = Bounded(members, 1.25);

        Assert.That(Allocations.Of(() => PickMany(balancer)), Is.Zero);

        static void PickMany(Balancer balancer)
        {
            for (var pick = 0; pick < 10_000; pick++)
            {
                balancer.Pick(new PickContext((ulong)pick << 40));
            }
        }
    }

    private static Maglev Bounded(ImmutableArray<Member> members, double maxLoad) => new(Members.Tier(members) with { MaxLoad = maxLoad });

    private static void Lease(Endpoint endpoint, int times)
    {
        for (var lease = 0; lease < times; lease++)
        {
            endpoint.Lease();
        }
    }

    private static Endpoint Picked(Balancer balancer, int key) => balancer.Pick(new PickContext(Members.Key(key)))!;

    private static bool SameAnswers(Balancer one, Balancer other) =>
        Enumerable.Range(0, 1_000).All(key => Picked(one, key) == Picked(other, key));

    /// <summary>The share of the whole key space that each member has, sampled four times a place.</summary>
    private static double[] SlotShares(Balancer balancer, ImmutableArray<Member> members)
    {
        const int Samples = 4 * 65_537;
        var counts = members.ToDictionary(member => member.Endpoint, _ => 0);
        for (var sample = 0; sample < Samples; sample++)
        {
            counts[balancer.Pick(new PickContext((ulong)sample * (ulong.MaxValue / Samples)))!]++;
        }

        return [.. members.Select(member => (double)counts[member.Endpoint] / Samples)];
    }
}
