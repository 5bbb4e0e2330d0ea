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

    [Test]
    public void It_holds_however_long_the_process_runs([Values(5, 33, 1000)] int count, [Values(0, 33, 34, 35)] int bits)
    {
        // Around the times at which the number of a slice would not fit into so many bits; 2^34 slices of a second are 17 years.
        const long Second = 1_000_000_000;
        var (limit, cells) = Limit(count, frequency: Second);
        var random = new Random(count);
        var taken = new List<long>();
        for (var now = Math.Max(0, ((1L << bits) * (Second / SlidingWindow.Slices)) - (3 * Second)); taken.Count < count * 6; now += random.NextInt64(2 * Second / count / 3))
        {
            if (limit.TryTake(cells, now))
            {
                taken.Add(now);
            }
        }

        for (var index = count; index < taken.Count; index++)
        {
            Assert.That(taken[index] - taken[index - count], Is.GreaterThanOrEqualTo(Second), "one more than the limit within a window");
        }

        Assert.That(taken[^1] - taken[0], Is.LessThan(7 * Second), "and no fewer either");
    }

    [TestCase(5)]
    [TestCase(500)]
    public void A_clock_that_leaps_forward_gives_the_rate_once_and_not_for_the_time_that_was_leapt_over(int count)
    {
        var (limit, cells) = Limit(count);
        foreach (var now in new[] { 0, Window, 1000 * Window, 1_000_000 * Window })
        {
            Assert.That(Enumerable.Range(0, 2 * count).Count(_ => limit.TryTake(cells, now + (now / Window))), Is.LessThanOrEqualTo(count));
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

    private static (SlidingWindow Limit, long[] Cells) Limit(int count, long frequency = TimeSpan.TicksPerSecond)
    {
        var limit = new SlidingWindow(new Rate(count, TimeSpan.FromSeconds(1)), new MonotonicTime(() => 0, frequency));
        return (limit, new long[limit.Cells]);
    }
}
