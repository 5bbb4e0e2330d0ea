namespace LoadBalancer.Peers.Tests;

internal sealed class CoresTests
{
    [TestCase("0", new[] { 0 })]
    [TestCase("0-2,5", new[] { 0, 1, 2, 5 })]
    [TestCase("3,6-7", new[] { 3, 6, 7 })]
    public void Reads_a_list_of_the_kernel(string list, int[] cores) => Assert.That(Cores.Parse(list), Is.EqualTo(cores));

    [Test]
    public void Refuses_one_core_for_both() =>
        Assert.That(() => Cores.Choose(0, 0), Throws.TypeOf<UsageException>());
}
