using System.Text;
using LoadBalancer.Http.Routing;

namespace LoadBalancer.Http.Tests.Routing;

internal sealed class SegmentTableTests
{
    [Test]
    public void A_step_is_found_among_few_and_many_by_its_state_and_the_whole_text()
    {
        foreach (var count in new[] { 0, 1, 3, 1000 })
        {
            var steps = Enumerable.Range(0, count).SelectMany(number => new[] { (number, Text(number), number + 1), (number, "", 7), (0, Text(number) + "/a-text-that-is-longer-than-a-slot", number) }).ToList();
            var table = Table(steps);
            foreach (var (from, segment, to) in steps)
            {
                Assert.That(table.Find(from, Encoding.ASCII.GetBytes(segment)), Is.EqualTo(to));
            }

            Assert.That(table.Find(count, "service"u8), Is.EqualTo(-1));
            Assert.That(table.Find(1, Encoding.ASCII.GetBytes(Text(0))), Is.EqualTo(-1));
            Assert.That(table.Find(0, "service0/a-text-that-is-longer-than-a-slov"u8), Is.EqualTo(-1));
        }
    }

    [TestCase(10)]
    [TestCase(10_000)]
    public void A_look_up_among_many_takes_as_many_steps_as_among_few(int count)
    {
        var steps = Enumerable.Range(0, count).SelectMany(number => new[] { (0, Text(number), number + 1), (number + 1, "v1", count + 1 + number) }).ToList();
        var table = Table(steps);
        var taken = steps.Select(step => table.StepsTo(step.Item1, Encoding.ASCII.GetBytes(step.Item2))).ToList();
        Assert.That(taken.Average(), Is.LessThan(1.8), "slots that a look-up reads");
        Assert.That(taken.Max(), Is.LessThan(40));
        Assert.That(steps.Average(step => table.StepsTo(step.Item1, "orders"u8)), Is.LessThan(3), "of one that finds nothing");
    }

    private static SegmentTable Table(List<(int From, string Segment, int To)> steps)
    {
        var table = new SegmentTable(steps.Count, steps.Where(step => SegmentTable.IsLong(step.Segment.Length)).Sum(step => step.Segment.Length));
        foreach (var (from, segment, to) in steps)
        {
            table.Add(from, segment, to);
        }

        return table;
    }

    private static string Text(int number) => $"service{number}";
}
