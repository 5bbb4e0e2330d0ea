using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

internal sealed class CallerTableTests
{
    private const int Rate = 10;
    private const int Spent = 1000;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();

    /// <summary>0 for a window, and one of slices, and a bucket.</summary>
    private static IEnumerable<TestCaseData> Limits => [new(Rate, 0), new(1200, 0), new(Rate, Rate)];

    [TestCaseSource(nameof(Limits))]
    public void A_million_callers_take_no_more_than_the_memory_and_one_at_its_limit_is_not_forgotten(int count, int burst)
    {
        const long Bytes = 8 << 20;
        var memory = new LimitMemory(Bytes);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var limit = LimitOf.Rate(count, Minute, _time, burst, memory);
        var random = new Random(5);
        var spent = Enumerable.Range(0, Spent).Select(_ => LimitOf.Caller(random)).ToList();
        Assert.That(spent.Count(caller => limit.Take(caller, count).Allowed), Is.EqualTo(Spent));
        for (var caller = 0; caller < 1_000_000; caller++)
        {
            if (!limit.Take(LimitOf.Caller(random)).Allowed)
            {
                Assert.Fail("a newcomer was refused");
            }
        }

        Assert.That(memory.Used, Is.LessThanOrEqualTo(Bytes / 2), "of newcomers");
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(Bytes));
        Assert.That(limit.Keys, Is.InRange(5_000, 300_000));
        Assert.That(spent.Count(caller => limit.Take(caller).Allowed), Is.Zero, "callers at their limit that were forgotten");
        GC.KeepAlive(limit);
    }

    [Test]
    public void As_long_as_there_is_memory_nobody_who_has_used_anything_is_forgotten()
    {
        var limit = LimitOf.Rate(2, Minute, _time, burst: 2);
        var random = new Random(5);
        var callers = Enumerable.Range(0, 100_000).Select(_ => LimitOf.Caller(random)).ToList();
        callers.ForEach(caller => limit.Take(caller));
        Assert.That(limit.Keys, Is.EqualTo(callers.Count));
        Assert.That(callers.Count(caller => limit.Passed(caller, 2) == 1), Is.EqualTo(callers.Count));
    }

    [TestCaseSource(nameof(Limits))]
    public void Who_is_idle_gives_its_place_away_before_the_table_grows_and_the_idle_for_longest_first(int count, int burst)
    {
        var memory = new LimitMemory(1 << 30);
        var limit = LimitOf.Rate(count, Minute, _time, burst, memory);
        var random = new Random(5);
        var used = 0L;
        for (var minute = 0; minute < 20; minute++)
        {
            for (var caller = 0; caller < 2000; caller++)
            {
                limit.Take(LimitOf.Caller(random));
            }

            used = minute == 1 ? memory.Used : used;
            _time.Advance(2 * Minute);
        }

        Assert.That(memory.Used, Is.LessThan(3 * used));
        Assert.That(limit.Keys, Is.LessThan(8000));
    }

    [TestCase(0)]
    [TestCase(Rate)]
    public void Who_was_seen_last_the_longest_ago_goes_first_where_nobody_is_idle(int burst)
    {
        // Room for a set of one shard, and for the blocks that these eight need.
        var limit = LimitOf.Rate(Rate, Minute, _time, burst, new LimitMemory(burst > 0 ? 0 : 2048));
        var callers = Enumerable.Range(1, CallerTable.Ways).Select(caller => (ulong)caller << 32).ToList();
        foreach (var caller in callers)
        {
            limit.Take(caller, 2);
            _time.Advance(TimeSpan.FromSeconds(0.1));
        }

        limit.Take(callers[0]);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        foreach (var newcomer in new ulong[] { 98, 99 })
        {
            limit.Take(newcomer << 32, 2);
        }

        Assert.That(callers.Where(caller => limit.Peek(caller).Remaining == Rate), Is.EqualTo(callers[1..3]), "who is forgotten");
    }

    [TestCase(0)]
    [TestCase(1)]
    public void Where_all_within_reach_are_at_their_limit_newcomers_share_counts_and_none_gets_more_than_the_limit(int burst)
    {
        var limit = LimitOf.Rate(1, Minute, _time, burst, new LimitMemory(burst > 0 ? 0 : 2048));
        var callers = Enumerable.Range(1, CallerTable.Ways).Select(caller => (ulong)caller << 32).ToList();
        Assert.That(callers.All(caller => limit.Take(caller).Allowed));
        var newcomer = 99UL << 32;
        Assert.That(limit.Peek(newcomer).Allowed);
        Assert.That(limit.Passed(newcomer, 2), Is.EqualTo(1));
        Assert.That(limit.Peek(newcomer).Allowed, Is.False);
        Assert.That(limit.Passed(98UL << 32, 1), Is.Zero, "the same count");
        Assert.That(limit.Passed((99UL << 32) | (1UL << 45), 1), Is.EqualTo(1), "another count");
        Assert.That((limit.Pooled, limit.Keys), Is.EqualTo((4, CallerTable.Ways)));
        limit.Return(newcomer);
        Assert.That(callers.Append(newcomer).Any(caller => limit.Take(caller).Allowed), Is.False);
        _time.Advance(2 * Minute);
        Assert.That((limit.Peek(newcomer).Remaining, limit.Passed(newcomer, 2)), Is.EqualTo((1, 1)), "there are places again");
    }

    [TestCaseSource(nameof(Limits))]
    public void What_the_callers_of_one_limit_take_leaves_another_limit_whole(int count, int burst)
    {
        const int Own = 1 << 19;
        var memory = new LimitMemory(1 << 20, Own);
        var flooded = LimitOf.Rate(5, Minute, _time, memory: memory);
        var random = new Random(5);
        var invented = Enumerable.Range(0, 50_000).Select(_ => LimitOf.Caller(random)).ToList();
        invented.ForEach(caller => flooded.Take(caller, 3));
        invented.ForEach(caller => flooded.Take(caller));
        Assert.That(memory.Used, Is.GreaterThan(1 << 19), "more than newcomers may have");
        Assert.That(flooded.Pooled, Is.Positive);
        var other = LimitOf.Rate(count, Minute, _time, burst, memory);
        var callers = Enumerable.Range(0, 300).Select(_ => LimitOf.Caller(random)).ToList();
        Assert.That(callers.Select(caller => other.Passed(caller, count + 1)), Is.All.EqualTo(count));
        Assert.That((other.Pooled, other.Keys), Is.EqualTo((0, callers.Count)));
        Assert.That(callers.Any(caller => other.Take(caller).Allowed), Is.False);
    }

    [Test]
    public void A_caller_with_less_left_than_it_asks_for_is_at_its_limit()
    {
        var limit = LimitOf.Rate(Rate, Minute, _time, burst: Rate, new LimitMemory(0));
        var callers = Enumerable.Range(1, CallerTable.Ways).Select(caller => (ulong)caller << 32).ToList();
        Assert.That(callers.All(caller => limit.Take(caller, 6).Allowed));
        limit.Take(99UL << 32, 6);
        Assert.That(callers.Any(caller => limit.Take(caller, 6).Allowed), Is.False);
    }

    [TestCaseSource(nameof(Limits))]
    public void A_cost_of_the_whole_limit_does_not_make_everybody_one_who_is_never_forgotten(int count, int burst)
    {
        var limit = LimitOf.Rate(count, Minute, _time, burst, new LimitMemory(2 << 20));
        var random = new Random(5);
        limit.Take(LimitOf.Caller(random), count);
        Assert.That(Enumerable.Range(0, 150_000).Count(_ => limit.Take(LimitOf.Caller(random)).Allowed), Is.EqualTo(150_000));
        Assert.That(limit.Pooled, Is.LessThan(200), "but for those to whose shard nobody had come while there was memory");
    }

    [Test]
    public void Newcomers_leave_half_of_the_memory_to_those_who_are_known()
    {
        var memory = new LimitMemory(1 << 20);
        var limit = LimitOf.Rate(1000, Minute, _time, memory: memory);
        var random = new Random(5);
        Assert.That(limit.Passed(1, 500), Is.EqualTo(500));
        for (var caller = 0; caller < 100_000; caller++)
        {
            limit.Take(LimitOf.Caller(random));
        }

        Assert.That(limit.Passed(2, 1100), Is.EqualTo(1000));
        Assert.That(memory.Used, Is.InRange(1 << 18, 1 << 20));
    }

    [Test]
    public void The_memory_of_a_table_that_nobody_has_any_more_is_there_again()
    {
        var memory = new LimitMemory(1 << 24);
        Fill();
        Assert.That(memory.Used, Is.Positive);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.That(memory.Used, Is.Zero);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        void Fill()
        {
            var random = new Random(5);
            var limit = LimitOf.Rate(Rate, Minute, _time, memory: memory);
            for (var caller = 0; caller < 10_000; caller++)
            {
                limit.Take(LimitOf.Caller(random));
            }
        }
    }

    [TestCaseSource(nameof(Limits))]
    public async Task Threads_that_bring_newcomers_and_make_callers_grow_never_let_one_pass_that_is_at_its_limit(int count, int burst)
    {
        var limit = LimitOf.Rate(count, Minute, _time, burst, new LimitMemory(400_000));
        var random = new Random(5);
        var spent = Enumerable.Range(0, 100).Select(_ => LimitOf.Caller(random)).ToList();
        Assert.That(spent.Count(caller => limit.Take(caller, count).Allowed), Is.EqualTo(spent.Count));
        var passed = 0;
        await LimitOf.Threads(4, random =>
        {
            var some = Enumerable.Range(0, 200).Select(_ => LimitOf.Caller(random)).ToList();
            for (var round = 0; round < 100_000; round++)
            {
                limit.Take(LimitOf.Caller(random));
                limit.Take(some[random.Next(some.Count)]);
                limit.Return(some[random.Next(some.Count)]);
                if (limit.Take(spent[random.Next(spent.Count)]).Allowed)
                {
                    Interlocked.Increment(ref passed);
                }
            }
        });
        Assert.That(passed, Is.Zero);
    }

    [Test]
    public async Task Threads_that_find_the_same_newcomer_at_the_same_time_share_its_limit([Values(Rate, 1200)] int count)
    {
        var limit = LimitOf.Rate(count, Minute, _time);
        const int Callers = 2000;
        var passed = new int[Callers];
        await LimitOf.Threads(4, random =>
        {
            for (var round = 0; round < 3 * Rate; round++)
            {
                for (var caller = 0; caller < Callers; caller++)
                {
                    if (limit.Take(((ulong)caller * 0x9E3779B97F4A7C15) + 1, count / Rate).Allowed)
                    {
                        Interlocked.Increment(ref passed[caller]);
                    }
                }
            }
        });
        Assert.That(passed, Is.All.EqualTo(Rate));
    }
}
