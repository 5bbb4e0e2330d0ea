using System.Collections.Concurrent;
using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

internal sealed class SlidingWindowTests
{
    private const long Window = TimeSpan.TicksPerSecond;

    private static readonly TimeSpan OneWindow = new(Window);

    private long _now;

    [SetUp]
    public void Begin() => _now = 0;

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(5)]
    [TestCase(8)]
    [TestCase(60)]
    [TestCase(1000)]
    public void It_says_what_a_list_of_all_times_says_whatever_comes_and_whatever_the_clock_does(int count)
    {
        var limit = LimitOf.Rate(count, OneWindow, new MonotonicTime(() => _now, Window));
        var random = new Random(count);
        var times = new List<long>();
        var (allowed, refused) = (0, 0);
        for (var asked = 0; asked < 30_000; asked++)
        {
            _now += random.Next(1000) switch
            {
                0 => random.NextInt64(20 * 365 * 86400L) * (Window / 100),
                < 5 => Window,
                < 10 => random.NextInt64(2 * Window),
                < 700 => random.NextInt64((Window / count) + 1),
                _ => 0,
            };
            times.RemoveAll(time => _now - time >= Window);
            var cost = random.Next(10) == 0 ? random.Next(1, count + 1) : random.Next(1, Math.Min(count, 3) + 1);
            var look = Expected(cost);
            Assert.That(limit.Peek(1, cost), Is.EqualTo(look), "a look");
            if (look.Allowed)
            {
                allowed++;
                times.AddRange(Enumerable.Repeat(_now, cost));
                Assert.That(limit.Take(1, cost), Is.EqualTo(Expected(0)));
            }
            else
            {
                refused++;
                Assert.That(limit.Take(1, cost), Is.EqualTo(look));
            }

            if (look.Allowed && random.Next(5) == 0)
            {
                limit.Return(1, cost);
                times.RemoveRange(times.Count - cost, cost);
            }
        }

        Assert.That(Math.Min(allowed, refused), Is.GreaterThan(1000));

        LimitAnswer Expected(int cost)
        {
            var left = count - times.Count;
            return new LimitAnswer(
                left >= cost,
                left,
                left >= cost ? TimeSpan.Zero : new TimeSpan(Window - (_now - times[cost - left - 1])),
                times.Count == 0 ? TimeSpan.Zero : new TimeSpan(Window - (_now - times[^1])));
        }
    }

    [Test]
    public void No_window_has_more_wherever_it_begins_and_none_is_refused_a_slice_after_it_has_less([Values(1001, 1500, 20_000)] int count)
    {
        var limit = LimitOf.Rate(count, OneWindow, new MonotonicTime(() => _now, Window));
        var random = new Random(count);
        var taken = new List<(long At, int Cost)>();
        const long Span = Window + (Window / SlicedWindow.Slices) + 1;
        var (first, firstOfSpan, inWindow, inSpan, refused) = (0, 0, 0L, 0L, 0);
        for (var asked = 0; asked < 40_000; asked++)
        {
            _now += random.Next(1000) switch
            {
                0 => random.NextInt64(3 * Window),
                1 => random.NextInt64(365 * 86400L) * Window,
                < 500 => random.NextInt64((20 * Window / count) + 1),
                _ => 0,
            };
            for (; first < taken.Count && _now - taken[first].At >= Window; first++)
            {
                inWindow -= taken[first].Cost;
            }

            for (; firstOfSpan < taken.Count && _now - taken[firstOfSpan].At >= Span; firstOfSpan++)
            {
                inSpan -= taken[firstOfSpan].Cost;
            }

            var cost = random.Next(1, (count / 20) + 1);
            var answer = limit.Take(1, cost);
            if (answer.Allowed)
            {
                if (random.Next(5) == 0)
                {
                    limit.Return(1, cost);
                    Assert.That(limit.Peek(1).Remaining, Is.EqualTo(answer.Remaining + cost));
                    continue;
                }

                taken.Add((_now, cost));
                (inWindow, inSpan) = (inWindow + cost, inSpan + cost);
                Assert.That(inWindow, Is.LessThanOrEqualTo(count));
                Assert.That(answer.Remaining, Is.InRange(count - inSpan, count - inWindow));
            }
            else
            {
                refused++;
                Assert.That(inSpan + cost, Is.GreaterThan(count), "there was room");
                Assert.That(limit.Peek(1, cost), Is.EqualTo(answer));
                var before = _now;
                _now += answer.Wait.Ticks - 1;
                Assert.That(limit.Peek(1, cost).Allowed, Is.False, "less than it was told to wait");
                _now++;
                Assert.That(limit.Peek(1, cost).Allowed, Is.True, "as long as it was told to wait");
                _now = before;
            }
        }

        Assert.That(refused, Is.GreaterThan(1000));
    }

    [TestCase(5)]
    [TestCase(1000)]
    [TestCase(50_000)]
    public async Task Threads_on_one_caller_get_what_there_is_and_no_more(int count)
    {
        var limit = LimitOf.Rate(count, TimeSpan.FromHours(1), new ManualTime());
        var passed = 0L;
        await LimitOf.Threads(4, random =>
        {
            for (var round = 0; round < 30_000; round++)
            {
                var cost = random.Next(1, 4);
                if (limit.Take(7, cost).Allowed)
                {
                    Interlocked.Add(ref passed, cost);
                }
            }
        });
        passed += limit.Passed(7, count);
        Assert.That(passed, Is.EqualTo(count));
    }

    [Test]
    public async Task What_threads_take_and_give_back_at_the_same_time_leaves_what_they_kept([Values(1000, 100_000)] int count)
    {
        var limit = LimitOf.Rate(count, TimeSpan.FromHours(1), new ManualTime());
        var kept = 0L;
        await LimitOf.Threads(4, random =>
        {
            for (var round = 0; round < 20_000; round++)
            {
                var cost = random.Next(1, 4);
                if (limit.Take(7, cost).Allowed)
                {
                    if (random.Next(100) != 0)
                    {
                        limit.Return(7, cost);
                    }
                    else
                    {
                        Interlocked.Add(ref kept, cost);
                    }
                }
            }
        });
        Assert.That(limit.Peek(7).Remaining, Is.EqualTo(count - kept));
        Assert.That(kept + limit.Passed(7, count), Is.EqualTo(count));
    }

    [Test]
    public async Task Threads_on_one_caller_never_pass_the_rate_in_any_window_while_the_clock_runs([Values(1, 10, 200, 2000)] int count)
    {
        // What is noted around a request is no shorter than it was: as many as these within a window were too many for sure.
        var window = TimeSpan.FromMilliseconds(20);
        var limit = LimitOf.Rate(count, window, TimeProvider.System);
        var passed = new ConcurrentQueue<(long Before, long After)>();
        await LimitOf.Threads(4, _ =>
        {
            for (var round = 0; round < 40_000; round++)
            {
                var before = TimeProvider.System.GetTimestamp();
                if (limit.Take(7).Allowed)
                {
                    passed.Enqueue((before, TimeProvider.System.GetTimestamp()));
                }
            }
        });
        var ticks = (long)(window.TotalSeconds * TimeProvider.System.TimestampFrequency);
        var order = passed.OrderBy(each => each.After).ToList();
        for (var last = count; last < order.Count; last++)
        {
            var earliest = long.MaxValue;
            for (var at = last - count; at <= last; at++)
            {
                earliest = Math.Min(earliest, order[at].Before);
            }

            Assert.That(order[last].After - earliest, Is.GreaterThanOrEqualTo(ticks), "one more than the rate within a window");
        }

        Assert.That(passed, Has.Count.GreaterThanOrEqualTo(count));
    }
}
