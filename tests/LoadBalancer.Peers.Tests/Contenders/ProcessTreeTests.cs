using LoadBalancer.Peers.Contenders;

namespace LoadBalancer.Peers.Tests.Contenders;

internal sealed class ProcessTreeTests
{
    [Test]
    public void Has_the_resident_memory_of_this_process() =>
        Assert.That(ProcessTree.Of(Environment.ProcessId).ResidentBytes(), Is.GreaterThan(1 << 20));

    [Test]
    public void Costs_nothing_without_processes() =>
        Assert.That(new ProcessTree([]), Has.Property(nameof(ProcessTree.Pids)).Empty.And.Matches<ProcessTree>(t => t.Ticks() == (0, 0)));
}
