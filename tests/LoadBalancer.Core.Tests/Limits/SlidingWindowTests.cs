using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

internal sealed class SlidingWindowTests
{
    private const long Window = TimeSpan.TicksPerSecond;

    [TestCase(1)]
    [TestCase(5)]
    [TestCase(32)]
    [TestCase(33)]
    [TestCase(50)]
    [TestCase(1000)]
    public void No_window_of_its_length_has_more_wherever_it_begins(int count)
    {
        var (limit, cells) = Limit(count);
        var random = new Random(count);
        var taken = new List<long>();
        for (long now = 0; taken.Count < count * 20;)
        {
            // Bursts, pauses, and a rate far above the limit.
            now += random.Next(10) switch
            {
                0 => random.NextInt64(Window),
                1 => 0,
                _ => random.NextInt64(Window / count),
            };
            if (limit.TryTake(cells, now))
            {
                taken.Add(now);
            }
        }

        for (var index = count; index < taken.Count; index++)
        {
            Assert.That(taken[index] - taken[index - count], Is.GreaterThanOrEqualTo(Window), "one more than the limit within a window");
        }
    }

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(32)]
    public void A_small_limit_is_exact(int count)
    {
        var (limit, cells) = Limit(count);
        var random = new Random(count);
        var taken = new List<long>();
        for (long now = 0, asked = 0; asked < 2000; asked++, now += random.NextInt64(Window / count))
        {
            var expected = taken.Count(time => now - time < Window) < count;
            Assert.That(limit.TryTake(cells, now), Is.EqualTo(expected));
            if (expected)
            {
                taken.Add(now);
            }
        }
    }

    [TestCase(33)]
    [TestCase(600)]
    [TestCase(999_999_999)]
    public void A_large_limit_gives_all_of_it_and_all_again_a_slice_after_the_window(int count)
    {
        var (limit, cells) = Limit(count);
        var some = Math.Min(count, 10_000);
        for (var taken = 0; taken < some; taken++)
        {
            Assert.That(limit.TryTake(cells, 5), Is.True);
        }

        Assert.That(limit.TryTake(cells, Window - 1), Is.EqualTo(some < count));
        var later = Window + (Window / SlidingWindow.Slices);
        Assert.That(limit.Used(cells, later), Is.LessThan(0.01));
        Assert.That(limit.TryTake(cells, later), Is.True);
    }

    [TestCase(4)]
    [TestCase(400)]
    public void Used_grows_to_one_and_falls_to_nothing(int count)
    {
        var (limit, cells) = Limit(count);
        Assert.That(limit.Used(cells, 0), Is.Zero);
        for (var taken = 1; taken <= count; taken++)
        {
            limit.TryTake(cells, taken);
            Assert.That(limit.Used(cells, taken), Is.EqualTo((double)taken / count).Within(1e-9));
        }

        Assert.That(limit.TryTake(cells, count), Is.False);
        Assert.That(limit.Used(cells, 2 * Window), Is.Zero);
    }

    private static (SlidingWindow Limit, long[] Cells) Limit(int count)
    {
        var limit = new SlidingWindow(new Rate(count, TimeSpan.FromSeconds(1)), new ManualTime());
        return (limit, new long[limit.Cells]);
    }
}
