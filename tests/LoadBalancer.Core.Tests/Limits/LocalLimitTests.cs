using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

internal sealed class LocalLimitTests
{
    private const int Burst = 3;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();

    [Test]
    public void Each_caller_has_its_own_and_the_number_0_is_one_of_them([Values(5, 2000)] int count, [Values] bool isBucket)
    {
        var limit = Limit(count, isBucket);
        var most = isBucket ? Burst : count;
        Assert.That(new ulong[] { 0, 2, 1UL << 63 }.Select(caller => limit.Passed(caller, most + 5)), Is.All.EqualTo(most));
        Assert.That(limit.Keys, Is.EqualTo(3));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.That(limit.Passed(2, most + 5), Is.EqualTo(most));
    }

    [Test]
    public void A_look_charges_nothing_and_remembers_nobody([Values(5, 2000)] int count, [Values] bool isBucket)
    {
        var limit = Limit(count, isBucket);
        var most = isBucket ? Burst : count;
        Assert.That(limit.Peek(1, 2), Is.EqualTo(new LimitAnswer(true, most, TimeSpan.Zero, TimeSpan.Zero)));
        Assert.That(limit.Keys, Is.Zero);
        limit.Take(1);
        Assert.That(Enumerable.Range(0, 10).Select(_ => limit.Peek(1).Remaining), Is.All.EqualTo(most - 1));
    }

    [Test]
    public void More_than_the_limit_allows_is_refused_with_a_wait_and_charges_nothing([Values(5, 2000)] int count, [Values] bool isBucket)
    {
        var limit = Limit(count, isBucket);
        var most = isBucket ? Burst : count;
        Assert.That(limit.Take(1, most + 1), Is.EqualTo(new LimitAnswer(false, most, Minute, TimeSpan.Zero)));
        Assert.That(limit.Peek(1, int.MaxValue).Allowed, Is.False);
        Assert.That(limit.Take(1, most).Allowed, Is.True);
    }

    [Test]
    public void Nothing_is_given_back_to_one_who_was_charged_nothing([Values(5, 2000)] int count)
    {
        var limit = Limit(count, isBucket: false);
        limit.Return(1);
        limit.Take(1);
        limit.Return(1, 3);
        Assert.That(limit.Peek(1).Remaining, Is.EqualTo(count));
        Assert.That(limit.Passed(1, count + 5), Is.EqualTo(count));
    }

    [Test]
    public void A_limit_that_takes_anothers_place_goes_on_with_what_was_used([Values] bool wasBucket, [Values] bool isBucket)
    {
        var previous = Limit(5, wasBucket);
        Assert.That((previous.Passed(1, 2), previous.Passed(2, 9)), Is.EqualTo((2, wasBucket ? Burst : 5)));
        var limit = Limit(10, isBucket);
        limit.Adopt(previous);
        var most = isBucket ? Burst : 10;
        var spent = Math.Min(most, wasBucket ? Burst : 5);
        Assert.That((limit.Passed(1, 20), limit.Passed(2, 20), limit.Passed(3, 20)), Is.EqualTo((most - 2, most - spent, most)));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.That(limit.Passed(2, 20), Is.EqualTo(most), "it is all there again");
        Assert.That(limit.Passed(4, 20), Is.EqualTo(most));
    }

    [Test]
    public void What_was_used_two_limits_ago_counts_as_well()
    {
        var (first, second, third) = (Limit(5, isBucket: false), Limit(6, isBucket: false), Limit(7, isBucket: false));
        first.Passed(1, 5);
        second.Adopt(first);
        third.Adopt(second);
        Assert.That(third.Passed(1, 10), Is.EqualTo(2));
    }

    [Test]
    public void A_look_knows_what_was_used_before_a_limit_took_anothers_place([Values] bool wasBucket, [Values] bool isBucket)
    {
        var (previous, limit) = (Limit(3, wasBucket), Limit(3, isBucket));
        previous.Passed(1, 3);
        previous.Passed(2, 1);
        limit.Adopt(previous);
        var spent = limit.Peek(1);
        Assert.That((spent.Allowed, spent.Remaining, limit.Peek(2).Remaining, limit.Peek(3).Remaining), Is.EqualTo((false, 0L, 2L, 3L)));
        Assert.That(spent.Wait, Is.EqualTo(isBucket ? Minute / 3 : Minute));
        Assert.That(limit.Keys, Is.Zero);
        Assert.That(limit.Take(1), Is.EqualTo(spent));
        _time.Advance(2 * Minute);
        Assert.That((limit.Peek(1).Remaining, limit.Peek(2).Remaining), Is.EqualTo((3L, 3L)));
    }

    [Test]
    public void Of_several_limits_before_the_one_counts_of_which_most_was_used()
    {
        var (first, second, limit) = (Limit(5, isBucket: false), Limit(6, isBucket: false), Limit(7, isBucket: false));
        first.Passed(1, 2);
        second.Passed(1, 3);
        second.Passed(2, 1);
        limit.Adopt(first);
        limit.Adopt(second);
        Assert.That((limit.Passed(1, 10), limit.Passed(2, 10), limit.Passed(3, 10)), Is.EqualTo((4, 6, 7)));
    }

    [Test]
    public void A_limit_of_which_all_has_come_back_is_not_held_by_those_after_it()
    {
        var first = Chain(out var third);
        GC.Collect();
        Assert.That(first.IsAlive, Is.False);
        GC.KeepAlive(third);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        WeakReference Chain(out LocalLimit third)
        {
            var (first, second) = (Limit(5, isBucket: false), Limit(6, isBucket: false));
            second.Adopt(first);
            _time.Advance(2 * Minute);
            third = Limit(7, isBucket: false);
            third.Adopt(second);
            return new WeakReference(first);
        }
    }

    [Test]
    public void The_clock_on_the_wall_is_not_looked_at([Values(5, 2000)] int count, [Values] bool isBucket)
    {
        var now = 0L;
        var limit = LimitOf.Rate(count, TimeSpan.FromSeconds(1), new MonotonicTime(() => now, 1000), isBucket ? Burst : 0);
        var most = isBucket ? Burst : count;
        Assert.That(limit.Passed(1, most + 5), Is.EqualTo(most));
        now += 1100;
        Assert.That(limit.Passed(1, most + 5), Is.EqualTo(most));
    }

    [Test]
    public void Charging_a_known_caller_allocates_nothing([Values(5, 1000, 2000)] int count, [Values] bool isBucket)
    {
        var limit = Limit(count, isBucket);
        Assert.That(
            Allocations.Of(() =>
            {
                for (ulong caller = 0; caller < 500; caller++)
                {
                    limit.Take(caller << 50, 2);
                    limit.Peek(caller << 50);
                    limit.Return(caller << 50);
                }
            }),
            Is.Zero);
    }

    [Test]
    public void A_newcomer_to_a_full_table_allocates_nothing([Values(5, 1000, 2000)] int count, [Values] bool isBucket)
    {
        var limit = Limit(count, isBucket, new LimitMemory(200_000));
        var random = new Random(1);
        Assert.That(
            Allocations.Of(() =>
            {
                for (var caller = 0; caller < 20_000; caller++)
                {
                    limit.Take(LimitOf.Caller(random));
                }
            }),
            Is.Zero);
    }

    private LocalLimit Limit(int count, bool isBucket, LimitMemory? memory = null) => LimitOf.Rate(count, Minute, _time, isBucket ? Burst : 0, memory);
}
