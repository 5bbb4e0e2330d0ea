using LoadBalancer.Peers.Results;

namespace LoadBalancer.Peers.Tests.Results;

internal sealed class QuartilesTests
{
    [Test]
    public void Take_the_middle_of_sorted_values() => Assert.That(Quartiles.Of([5, 1, 3, 2, 4]), Is.EqualTo(new Quartiles(2, 3, 4)));

    [Test]
    public void Lie_between_neighbours_for_an_even_count() => Assert.That(Quartiles.Of([1, 2, 3, 4])!.Median, Is.EqualTo(2.5));

    [Test]
    public void Do_not_exist_without_values() => Assert.That(Quartiles.Of([]), Is.Null);
}
