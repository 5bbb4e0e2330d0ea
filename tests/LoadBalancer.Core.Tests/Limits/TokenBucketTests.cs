using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

internal sealed class TokenBucketTests
{
    private const long Second = TimeSpan.TicksPerSecond;

    [Test]
    public void The_burst_at_once_and_then_the_rate()
    {
        var (bucket, cells) = Bucket(50, burst: 200);
        Assert.That(Enumerable.Range(0, 300).Count(_ => bucket.TryTake(cells, 0)), Is.EqualTo(200));
        Assert.That(bucket.TryTake(cells, (Second / 50) - 1), Is.False);
        Assert.That(bucket.TryTake(cells, Second / 50), Is.True);
        Assert.That(bucket.TryTake(cells, Second / 50), Is.False);
        Assert.That(Enumerable.Range(0, 300).Count(_ => bucket.TryTake(cells, 2 * Second)), Is.EqualTo(99));
        Assert.That(Enumerable.Range(0, 300).Count(_ => bucket.TryTake(cells, 3600 * Second)), Is.EqualTo(200), "it is never more than full");
    }

    [TestCase(3, 1)]
    [TestCase(7, 5)]
    [TestCase(999_999_999, 1000)]
    public void In_a_long_run_it_gives_the_rate_to_the_last_one(int rate, int burst)
    {
        var (bucket, cells) = Bucket(rate, burst);
        var random = new Random(rate);
        long taken = 0, now = 0;
        var step = Math.Max(1, Second / rate);
        for (var asked = 0; asked < 20_000; asked++, now += random.NextInt64(step + 1))
        {
            taken += bucket.TryTake(cells, now) ? 1 : 0;
        }

        Assert.That(taken, Is.LessThanOrEqualTo(burst + (long)((Int128)now * rate / Second)));
    }

    [Test]
    public void Three_a_second_lose_nothing_to_rounding()
    {
        var (bucket, cells) = Bucket(3, burst: 1);
        var taken = 0;
        for (var now = 0L; now < 1000 * Second; now += Second / 1000)
        {
            taken += bucket.TryTake(cells, now) ? 1 : 0;
        }

        // Asked every millisecond, a third of a second is 334 ms.
        Assert.That(taken, Is.InRange(2994, 3000));
    }

    [TestCase(1, 1)]
    [TestCase(50, 200)]
    [TestCase(999_999_999, 1_000_000)]
    public void It_holds_however_long_the_process_runs_and_a_leap_of_the_clock_gives_one_burst(int rate, int burst)
    {
        var bucket = new TokenBucket(new Rate(rate, TimeSpan.FromSeconds(1)), burst, new MonotonicTime(() => 0, 1_000_000_000));
        var cells = new long[bucket.Cells];
        foreach (var now in new[] { 0, 1_000_000_000, 290L * 365 * 86400 * 1_000_000_000, long.MaxValue - 1 })
        {
            Assert.That(bucket.Used(cells, now), Is.InRange(0, 1));
            var passed = 0;
            while (bucket.TryTake(cells, now))
            {
                passed++;
                Assert.That(passed, Is.LessThanOrEqualTo(burst));
            }

            Assert.That(passed, Is.EqualTo(now == 1_000_000_000 ? Math.Min(burst, rate) : burst));
        }
    }

    [Test]
    public void Used_is_what_is_missing()
    {
        var (bucket, cells) = Bucket(10, burst: 4);
        Assert.That(bucket.Used(cells, 0), Is.Zero);
        bucket.TryTake(cells, 0);
        Assert.That(bucket.Used(cells, 0), Is.EqualTo(0.25));
        Assert.That(bucket.Used(cells, Second / 20), Is.EqualTo(0.125));
        Assert.That(bucket.Used(cells, Second), Is.Zero);
    }

    private static (TokenBucket Bucket, long[] Cells) Bucket(int rate, int burst)
    {
        var bucket = new TokenBucket(new Rate(rate, TimeSpan.FromSeconds(1)), burst, new ManualTime());
        return (bucket, new long[bucket.Cells]);
    }
}
