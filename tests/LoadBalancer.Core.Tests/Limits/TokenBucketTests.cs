using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

internal sealed class TokenBucketTests
{
    private const long Second = TimeSpan.TicksPerSecond;

    private long _now;

    [SetUp]
    public void Begin() => _now = 0;

    [Test]
    public void The_burst_at_once_and_then_the_rate()
    {
        var bucket = Bucket(50, burst: 200);
        Assert.That(bucket.Passed(1, 300), Is.EqualTo(200));
        _now = (Second / 50) - 1;
        Assert.That(bucket.Passed(1, 1), Is.Zero);
        _now++;
        Assert.That(bucket.Passed(1, 2), Is.EqualTo(1));
        _now = 2 * Second;
        Assert.That(bucket.Passed(1, 300), Is.EqualTo(99));
        _now = 3600 * Second;
        Assert.That(bucket.Passed(1, 300), Is.EqualTo(200), "it is never more than full");
    }

    [Test]
    public void It_says_what_a_bucket_of_exact_numbers_says_whatever_comes_and_whatever_the_clock_does(
        [Values("1/1s/1", "5/60s/5", "5/60s/1", "100/1s/200", "7/1s/3", "3/3600s/5", "999/1s/10", "999999999/1s/1000", "1/3600s/1000000")] string rule,
        [Values(TimeSpan.TicksPerSecond, 1_000_000_000)] long frequency)
    {
        var words = rule.Split('/');
        var (count, seconds, burst) = (long.Parse(words[0]), long.Parse(words[1].TrimEnd('s')), int.Parse(words[2]));
        var bucket = LimitOf.Rate(count, TimeSpan.FromSeconds(seconds), new MonotonicTime(() => _now, frequency), burst);
        var random = new Random(burst);
        var token = (Int128)seconds * frequency;
        var (missing, last) = ((Int128)0, 0L);
        var (allowed, refused) = (0, 0);
        for (var asked = 0; asked < 20_000; asked++)
        {
            _now += random.Next(1000) switch
            {
                0 => random.NextInt64(20 * 365 * 86400L) * frequency / 100,
                < 10 => random.NextInt64((long)(2 * token * burst / count) + 1),
                < 100 => random.NextInt64((long)(2 * token / count) + 2),
                < 500 => 1,
                _ => 0,
            };
            missing = Int128.Max(0, missing - ((Int128)(_now - last) * count));
            last = _now;
            var cost = random.Next(4) == 0 ? random.Next(1, burst + 1) : random.Next(1, Math.Min(burst, 3) + 1);
            var fits = missing + (cost * token) <= burst * token;
            var wait = fits ? 0 : missing + (cost * token) - (burst * token);
            Assert.That(bucket.Peek(1, cost), Is.EqualTo(Answer(fits, missing)), "a look");
            var answer = bucket.Take(1, cost);
            missing += fits ? cost * token : 0;
            Assert.That(answer, Is.EqualTo(Answer(fits, missing)));
            (allowed, refused) = fits ? (allowed + 1, refused) : (allowed, refused + 1);
            if (fits && random.Next(5) == 0)
            {
                bucket.Return(1, cost);
                missing -= cost * token;
            }

            LimitAnswer Answer(bool isAllowed, Int128 used) =>
                new(isAllowed, (long)(((burst * token) - used) / token), Time(wait), Time(used));
        }

        Assert.That(Math.Min(allowed, refused), Is.GreaterThan(100));

        // Rounded up at each step: to a timestamp, and to what a TimeSpan counts.
        TimeSpan Time(Int128 units) => new((long)((((units + count - 1) / count * TimeSpan.TicksPerSecond) + frequency - 1) / frequency));
    }

    [TestCase(3, 1)]
    [TestCase(7, 5)]
    [TestCase(100, 50)]
    public void No_interval_has_more_than_the_burst_and_what_the_rate_has_earned_in_it(int rate, int burst)
    {
        var bucket = Bucket(rate, burst);
        var random = new Random(rate);
        var taken = new List<(long At, int Cost)>();
        while (taken.Count < 1500)
        {
            _now += random.Next(20) == 0 ? random.NextInt64(3 * Second) : random.NextInt64(2 * Second / rate);
            var cost = random.Next(1, Math.Min(3, burst) + 1);
            if (bucket.Take(1, cost).Allowed)
            {
                taken.Add((_now, cost));
            }
        }

        for (var first = 0; first < taken.Count; first++)
        {
            var sum = 0L;
            for (var last = first; last < taken.Count; last++)
            {
                sum += taken[last].Cost;
                if (sum * Second > (burst * Second) + ((taken[last].At - taken[first].At) * rate))
                {
                    Assert.Fail($"{sum} from {taken[first].At} to {taken[last].At}");
                }
            }
        }
    }

    [Test]
    public void The_largest_of_rates_and_bursts_are_right_to_a_millionth_and_never_more()
    {
        const int Burst = 1_000_000;
        const long Rate = 999_999_999;
        var bucket = LimitOf.Rate(Rate, TimeSpan.FromHours(1), new MonotonicTime(() => _now, 1_000_000_000), Burst);
        var taken = bucket.Take(1, Burst).Allowed ? (long)Burst : 0;
        for (var second = 1; second <= 300; second++)
        {
            _now = second * 1_000_000_000L;
            for (var answer = bucket.Peek(1); answer.Remaining > 0; answer = bucket.Peek(1))
            {
                taken += bucket.Take(1, (int)answer.Remaining).Allowed ? answer.Remaining : 0;
            }
        }

        var most = Burst + (300 * Rate / 3600);
        Assert.That(taken, Is.InRange(most - (most / 1_000_000) - 1, most));
    }

    [Test]
    public void Whoever_waits_as_long_as_it_is_told_is_let_through_and_nobody_who_waits_less([Values(1, 5, 33, 60, 1000)] int rate)
    {
        var bucket = Bucket(rate, burst: 3);
        var random = new Random(rate);
        var waits = 0;
        for (var round = 0; round < 5000; round++)
        {
            _now += random.NextInt64(Second / rate);
            var cost = random.Next(1, 4);
            var answer = bucket.Take(1, cost);
            if (!answer.Allowed)
            {
                waits++;
                _now += answer.Wait.Ticks - 1;
                Assert.That(bucket.Take(1, cost).Allowed, Is.False);
                _now++;
                Assert.That(bucket.Take(1, cost).Allowed, Is.True);
            }
        }

        Assert.That(waits, Is.Positive);
    }

    [Test]
    public void A_leap_of_the_clock_gives_one_burst([Values(1, 50, 999_999_999)] int rate, [Values(1, 1000)] int burst)
    {
        var bucket = LimitOf.Rate(rate, TimeSpan.FromSeconds(1), new MonotonicTime(() => _now, 1_000_000_000), burst);
        foreach (var now in new[] { 0, 20_000_000_000, 290L * 365 * 86400 * 1_000_000_000, long.MaxValue - 1 })
        {
            _now = now;
            Assert.That(bucket.Passed(1, burst + 10), Is.EqualTo(now == 20_000_000_000 ? Math.Min(burst, 20L * rate) : burst));
        }
    }

    [Test]
    public async Task Threads_on_one_caller_get_what_there_is_and_no_more([Values(1, 100, 100_000)] int burst)
    {
        var bucket = LimitOf.Rate(1, TimeSpan.FromHours(1), new ManualTime(), burst);
        var passed = 0L;
        await LimitOf.Threads(4, random =>
        {
            for (var round = 0; round < 40_000; round++)
            {
                var cost = random.Next(1, Math.Min(burst, 3) + 1);
                if (bucket.Take(7, cost).Allowed)
                {
                    Interlocked.Add(ref passed, cost);
                    if (random.Next(4) == 0)
                    {
                        bucket.Return(7, cost);
                        Interlocked.Add(ref passed, -cost);
                    }
                }
            }
        });
        passed += bucket.Passed(7, burst);
        Assert.That(passed, Is.EqualTo(burst));
    }

    private LocalLimit Bucket(int rate, int burst) => LimitOf.Rate(rate, TimeSpan.FromSeconds(1), new MonotonicTime(() => _now, Second), burst);
}
