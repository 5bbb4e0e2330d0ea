namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>What a run has in it.</summary>
internal sealed class ChaosPlanTests
{
    [Test]
    public void Half_a_minute_has_each_kind_of_fault_and_change([Range(1, 20)] int seed)
    {
        var length = TimeSpan.FromSeconds(20);
        var steps = Enumerable.Range(0, 3).SelectMany(machine => ChaosPlan.OfMachine(seed, machine, 3, length).Select(step => step.What[(step.What.IndexOf(':', StringComparison.Ordinal) + 2)..]))
            .Concat(ChaosPlan.OfChanges(seed, "name", 0.7, ChaosPlan.Names, length).Select(step => step.What))
            .Concat(ChaosPlan.OfChanges(seed, "file", 1.5, ChaosPlan.Files, length).Select(step => step.What))
            .Concat(ChaosPlan.OfChanges(seed, "upgrade", length.TotalSeconds / 2.5, ["again"], length).Select(step => step.What));
        Assert.That(steps, Is.SupersetOf(ChaosPlan.Everything));
    }

    [Test]
    public void A_seed_says_all_of_it()
    {
        var length = TimeSpan.FromSeconds(60);
        var plan = ChaosPlan.OfMachine(7, 1, 3, length);
        Assert.That(ChaosPlan.OfMachine(7, 1, 3, length), Is.EqualTo(plan));
        Assert.That(plan, Is.Not.EqualTo(ChaosPlan.OfMachine(8, 1, 3, length)));
    }
}
