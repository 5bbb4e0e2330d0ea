using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Tests.Balancing;

/// <summary>What holds for every balancer in the catalogue.</summary>
[TestFixtureSource(typeof(BalancerCatalog), nameof(BalancerCatalog.Names))]
public sealed class BalancerCatalogTests(string name)
{
    private const int Picks = 5_000;

    private static Arbitrary<ImmutableArray<Member>> AnyMembers { get; } = Arb.From(
        from count in Gen.Choose(0, 6)
        from weights in Gen.Choose(0, 4).ArrayOf(count)
        from backups in Gen.Elements(true, false).ArrayOf(count)
        select (ImmutableArray<Member>)[.. weights.Select((weight, at) => Members.Member(at + 1, weight, backups[at]))]);

    [Test]
    public void Reaches_every_endpoint_of_the_rank_in_use_and_no_other() =>
        Prop.ForAll(AnyMembers, members =>
        {
            var primaries = members.Where(member => member.Weight > 0 && !member.Backup).Select(member => member.Endpoint).ToArray();
            var backups = members.Where(member => member.Weight > 0 && member.Backup).Select(member => member.Endpoint).ToArray();
            var balancer = Members.Build(name, members);
            var reached = Enumerable.Range(0, 500).Select(key => balancer.Pick(new PickContext(Members.Key(key)))).OfType<Endpoint>();
            return reached.ToHashSet().SetEquals(primaries.Length > 0 ? primaries : backups);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Test]
    public void Offers_each_endpoint_once_and_then_none_backups_last() =>
        Prop.ForAll(AnyMembers, members =>
        {
            var balancer = Members.Build(name, members);
            var tried = new List<Endpoint>();
            while (balancer.Pick(new PickContext(Members.Key(tried.Count), tried.ToArray())) is { } endpoint)
            {
                tried.Add(endpoint);
            }

            var usable = members.Where(member => member.Weight > 0).ToArray();
            var primaries = usable.Where(member => !member.Backup).Select(member => member.Endpoint).ToArray();
            return tried.Count == usable.Length
                && tried.ToHashSet().SetEquals(usable.Select(member => member.Endpoint))
                && tried.Take(primaries.Length).ToHashSet().SetEquals(primaries);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Test]
    public void Gives_weight_zero_nothing()
    {
        var members = Members.Of(1, 0, 1);

        Assert.That(Members.Counts(Members.Build(name, members), members, Picks)[1], Is.Zero);
    }

    [Test]
    public void Keeps_weights_5_3_2_within_one_percent_with_eight_threads()
    {
        const int Threads = 8;
        var members = Members.Of(5, 3, 2);
        var balancer = Members.Build(name, members);
        var counts = new int[3];
        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, thread =>
        {
            for (var pick = 0; pick < 20_000; pick++)
            {
                var picked = balancer.Pick(new PickContext(Members.Key((thread * 20_000) + pick)));
                Interlocked.Increment(ref counts[picked == members[0].Endpoint ? 0 : picked == members[1].Endpoint ? 1 : 2]);
            }
        });

        Assert.That(counts.Select(count => count / (Threads * 20_000.0)), Is.EqualTo(new[] { 0.5, 0.3, 0.2 }).Within(0.01));
    }

    [Test]
    public void Ends_when_everyone_was_tried()
    {
        var members = Members.Of(256, 1, 17);

        Assert.That(Members.Build(name, members).Pick(new PickContext(1, [.. members.Select(member => member.Endpoint)])), Is.Null);
    }

    [Test]
    public void Has_nobody_to_offer_without_members() => Assert.That(Members.Build(name, []).Pick(new PickContext(1)), Is.Null);

    [Test]
    public void Picks_without_allocating()
    {
        var members = Members.Of(5, 3, 2);
        var balancer = Members.Build(name, [.. members, Members.Member(9, backup: true)]);
        Endpoint[] tried = [members[0].Endpoint];
        Assert.That(Allocations.Of(() => Pick(balancer, tried, 100_000)), Is.Zero);
    }

    [Test]
    public void Names_the_known_ones_when_asked_for_another() =>
        Assert.That(() => Members.Build(name + "x", []), Throws.ArgumentException.With.Message.Contains(name));

    private static void Pick(Balancer balancer, Endpoint[] tried, int times)
    {
        for (var pick = 0; pick < times; pick++)
        {
            balancer.Pick(new PickContext((ulong)pick << 40));
            balancer.Pick(new PickContext((ulong)pick << 40, tried));
        }
    }
}
