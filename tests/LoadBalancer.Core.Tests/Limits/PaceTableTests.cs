using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

/// <summary>Which callers are remembered, and for how long.</summary>
internal sealed class PaceTableTests
{
    private ManualTime _time = null!;

    [SetUp]
    public void Begin() => _time = new ManualTime();

    [Test]
    public void The_exchanges_of_a_caller_share_its_pace_and_others_have_theirs()
    {
        var table = Table();
        var pace = table.Enter(1);
        Assert.That(table.Enter(1), Is.SameAs(pace));
        Assert.That(table.Enter(2), Is.Not.SameAs(pace));
        Assert.That(table.Count, Is.EqualTo(2));
    }

    [Test]
    public void A_caller_that_comes_again_at_once_has_no_new_burst()
    {
        var table = Table();
        var pace = table.Enter(1);
        Assert.That(pace.TryTake(pace.Piece), Is.True);
        PaceTable.Leave(pace);
        Crowd(table);
        Assert.That(table.Enter(1), Is.SameAs(pace));
    }

    [Test]
    public void A_caller_whose_bucket_is_full_again_is_forgotten()
    {
        var table = Table();
        var (gone, stays) = (table.Enter(1), table.Enter(2));
        Assert.That(gone.TryTake(gone.Piece), Is.True);
        PaceTable.Leave(gone);
        _time.Advance(TimeSpan.FromSeconds(2));
        Crowd(table);
        Assert.That(table.Enter(1), Is.Not.SameAs(gone));
        Assert.That(table.Enter(2), Is.SameAs(stays), "it has an exchange");
    }

    [Test]
    public void A_million_callers_are_bounded_and_each_is_paced()
    {
        var table = Table();
        var paced = 0;
        for (var caller = 0ul; caller < 1_000_000; caller++)
        {
            var pace = table.Enter(caller);
            paced += pace.TryTake(pace.Piece) ? 1 : 0;
            PaceTable.Leave(pace);
        }

        Assert.That(paced, Is.EqualTo(1_000_000));
        Assert.That(table.Count, Is.EqualTo(PaceTable.MostCallers), "none of them is full again");
        var alone = table.Enter(ulong.MaxValue);
        Assert.That(alone, Is.Not.SameAs(table.Enter(ulong.MaxValue)), "there is no room to remember it");

        _time.Advance(TimeSpan.FromSeconds(2));
        var known = table.Enter(ulong.MaxValue);
        Assert.That(table.Enter(ulong.MaxValue), Is.SameAs(known));
        Assert.That(table.Count, Is.EqualTo(1));
    }

    /// <summary>Makes the table look whom it may forget.</summary>
    private static void Crowd(PaceTable table)
    {
        for (var caller = 1000ul; caller < 3100; caller++)
        {
            PaceTable.Leave(table.Enter(caller));
        }
    }

    private PaceTable Table() => new(rate: 10_000, burst: 10_000, new PaceCounts(1), _time);
}
