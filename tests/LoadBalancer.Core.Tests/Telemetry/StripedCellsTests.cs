using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class StripedCellsTests
{
    [Test]
    public void Sums_what_every_loop_added()
    {
        var cells = new StripedCells(loops: 3, slots: 2);
        cells.Add(0, 0, 5);
        cells.Add(2, 0);
        cells.Add(1, 1, 7);

        Assert.That((cells.Sum(0), cells.Sum(1)), Is.EqualTo((6L, 7L)));
    }

    [Test]
    public void Loses_nothing_while_each_loop_counts_on_its_own_thread()
    {
        const int Loops = 4;
        const int Times = 200_000;
        var cells = new StripedCells(Loops, slots: 17);
        var threads = Enumerable.Range(0, Loops).Select(loop => new Thread(() =>
        {
            for (var time = 0; time < Times; time++)
            {
                cells.Add(loop, time % 17);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.That(Enumerable.Range(0, 17).Sum(cells.Sum), Is.EqualTo(Loops * (long)Times));
    }

    [Test]
    public void Refuses_a_slot_that_would_count_for_another_loop() =>
        Assert.That(() => new StripedCells(loops: 2, slots: 1).Add(0, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
}
