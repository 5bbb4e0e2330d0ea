using System.Globalization;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

internal sealed class QuotaLimitTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private QuotaTable _table = null!;

    [SetUp]
    public void Begin() => _table = new QuotaTable();

    [Test]
    public void A_caller_has_all_of_it_and_not_one_more_until_its_date()
    {
        var time = new ManualTime(Noon);
        var limit = Monthly(10, time);
        Assert.That(Enumerable.Range(0, 10).Select(_ => Take(limit, "a")).Select(answer => (answer.Allowed, answer.Remaining)), Is.EqualTo(Enumerable.Range(0, 10).Select(at => (true, 9L - at))));
        var untilDecember = new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero) - Noon;
        Assert.That(Take(limit, "a"), Is.EqualTo(new LimitAnswer(false, 0, untilDecember, untilDecember)));
        Assert.That(Take(limit, "b").Allowed, "another caller has its own");
        time.Advance(untilDecember - TimeSpan.FromTicks(1));
        Assert.That(Take(limit, "a").Allowed, Is.False);
        time.Advance(TimeSpan.FromTicks(1));
        Assert.That(Take(limit, "a"), Is.EqualTo(new LimitAnswer(true, 9, TimeSpan.Zero, TimeSpan.FromDays(31))));
    }

    [Test]
    public void A_day_ends_at_midnight_in_UTC()
    {
        var time = new ManualTime(Noon);
        var limit = new QuotaLimit(Spec(2, QuotaPeriod.Day), time);
        Assert.That(Take(limit, "a", 2).Allowed);
        Assert.That(Take(limit, "a").Wait, Is.EqualTo(TimeSpan.FromHours(12)));
        time.Advance(TimeSpan.FromHours(12));
        Assert.That(Take(limit, "a").Allowed);
    }

    [Test]
    public void A_cost_is_charged_whole_or_not_at_all_and_given_back_whole()
    {
        var limit = Monthly(10, new ManualTime(Noon));
        Assert.That(Take(limit, "a", 7).Remaining, Is.EqualTo(3));
        Assert.That(Take(limit, "a", 4), Has.Property(nameof(LimitAnswer.Allowed)).False.And.Property(nameof(LimitAnswer.Remaining)).EqualTo(3));
        Assert.That(Take(limit, "a", int.MaxValue).Allowed, Is.False);
        Assert.That(Take(limit, "a", 3).Remaining, Is.Zero);
        limit.Return(Key("a"), 3);
        Assert.That(limit.Peek(Key("a"), 3), Has.Property(nameof(LimitAnswer.Allowed)).True.And.Property(nameof(LimitAnswer.Remaining)).EqualTo(3));
        limit.Return(Key("nobody"), 3);
        Assert.That((Take(limit, "nobody").Remaining, limit.Keys), Is.EqualTo((9, 2)));
    }

    [Test]
    public void To_look_charges_nothing_and_remembers_nobody()
    {
        var limit = Monthly(10, new ManualTime(Noon));
        Assert.That(Enumerable.Range(0, 20).Select(_ => limit.Peek(Key("a"), 1).Remaining), Has.All.EqualTo(10));
        Assert.That(limit.Keys, Is.Zero);
        Take(limit, "b");
        Assert.That((limit.Peek(Key("a"), 1).Remaining, limit.Peek(Key("b"), 1).Remaining, limit.Keys), Is.EqualTo((10, 9, 1)));
    }

    [Test]
    public void A_clock_that_goes_back_gives_no_quota_again()
    {
        var now = new DateTimeOffset(2026, 12, 1, 0, 0, 1, TimeSpan.Zero);
        var limit = Monthly(2, new SettableDate(() => now));
        Assert.That(Take(limit, "a", 2).Allowed);
        now -= TimeSpan.FromSeconds(2);
        Assert.That(Take(limit, "a"), Is.EqualTo(new LimitAnswer(false, 0, TimeSpan.FromDays(31) + TimeSpan.FromSeconds(1), TimeSpan.FromDays(31) + TimeSpan.FromSeconds(1))));
        now = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.That(Take(limit, "a").Allowed, Is.False);
    }

    [TestCase(1970)]
    [TestCase(2040)]
    public void A_clock_that_was_wrong_for_a_while_neither_takes_a_quota_nor_gives_it_again(int year)
    {
        var right = new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
        var now = right;
        var limit = Monthly(2, new SettableDate(() => now));
        Assert.That(Take(limit, "a").Allowed);
        now = new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.That((Take(limit, "a", 2).Allowed, Take(limit, "a").Allowed), Is.EqualTo((true, false)), "a period of its own");
        now = right;
        Assert.That((Take(limit, "a").Allowed, Take(limit, "a").Allowed), Is.EqualTo((true, false)), "what was left");
        now = right.AddMonths(1);
        Assert.That(Take(limit, "a", 2).Allowed, "and the next month begins");
    }

    [Test]
    public void A_clock_that_was_in_the_next_period_and_is_set_back_goes_on_from_what_was_used_before()
    {
        var november = Noon;
        var now = november;
        var limit = Monthly(10, new SettableDate(() => now));
        Assert.That((Take(limit, "a", 6).Remaining, Take(limit, "b").Remaining), Is.EqualTo((4, 9)));
        now = november.AddMonths(1);
        Assert.That((Take(limit, "a", 2).Remaining, Take(limit, "b", 5).Remaining, Take(limit, "c").Remaining), Is.EqualTo((8, 5, 9)), "a month of its own");
        now = november;
        Assert.That((Take(limit, "a").Remaining, Take(limit, "b").Remaining, Take(limit, "c").Remaining), Is.EqualTo((3, 4, 8)), "of the two counts the larger");
        now = november.AddMonths(1);
        Assert.That((Take(limit, "a").Remaining, Take(limit, "b").Remaining, Take(limit, "c").Remaining), Is.EqualTo((7, 4, 8)), "and the next month from its own");
        now = november.AddMonths(2);
        Assert.That(Take(limit, "a").Remaining, Is.EqualTo(9));
    }

    [Test]
    public void Another_number_in_the_file_keeps_what_is_used()
    {
        var time = new ManualTime(Noon);
        Take(Monthly(10, time), "a", 8);
        Assert.That(Take(Monthly(20, time), "a").Remaining, Is.EqualTo(11));
        Assert.That(Take(Monthly(5, time), "a"), Has.Property(nameof(LimitAnswer.Allowed)).False.And.Property(nameof(LimitAnswer.Remaining)).Zero);
    }

    [Test]
    public void What_is_kept_by_digest_is_the_same_callers_in_another_process()
    {
        var time = new ManualTime(Noon);
        var before = new QuotaTable();
        Take(new QuotaLimit(Spec(10, QuotaPeriod.Month), before.Of(Spec(10, QuotaPeriod.Month)), time), "a", 4);

        // Numbers are secret to a process.
        var limit = Monthly(10, time);
        Take(limit, "b", 1);
        var book = before.All.Single().Book;
        foreach (var (digest, cell) in book.Cells)
        {
            _table.All.Single().Of(book.Period, Noon)!.Add(digest, cell.Used);
        }

        Assert.That(limit.Peek(new LimitKey(77, "a"u8), 1).Remaining, Is.EqualTo(6));
        Assert.That((Taken(limit.TakeAsync(new LimitKey(77, "a"u8), 1)).Remaining, Take(limit, "b").Remaining), Is.EqualTo((5, 8)));
    }

    [Test]
    public void A_book_of_a_month_that_is_over_is_kept_beside_and_charged_nothing_and_an_older_one_is_not_kept()
    {
        var limit = Monthly(10, new ManualTime(Noon));
        Take(limit, "a");
        var counts = _table.All.Single();
        var october = counts.Of(CalendarPeriod.Of(QuotaPeriod.Month, Noon.AddMonths(-1)), Noon)!;
        october.Add(123_456, 7);
        Assert.That(counts.Of(CalendarPeriod.Of(QuotaPeriod.Month, Noon.AddMonths(-2)), Noon), Is.Null);
        Assert.That(Take(limit, "a").Remaining, Is.EqualTo(8));
        Assert.That(counts.Books(Noon).Select(book => (book.Period.ToString(), book.Cells.Single().Value.Used)), Is.EqualTo(new[] { ("2026-11", 2L), ("2026-10", 7L) }));
    }

    [Test]
    public async Task Threads_that_count_at_the_same_time_let_pass_exactly_the_quota()
    {
        const int Callers = 16;
        var limit = Monthly(1000, new ManualTime(Noon));
        var loops = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () => Enumerable.Range(0, 20_000).Count(round => Take(limit, string.Create(CultureInfo.InvariantCulture, $"{round % Callers}")).Allowed),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        Assert.That((await Task.WhenAll(loops)).Sum(), Is.EqualTo(Callers * 1000));
        Assert.That(limit.Keys, Is.EqualTo(Callers));
    }

    [Test]
    public void More_callers_than_fit_take_no_more_room_than_the_book_has_and_none_gets_more_than_the_quota_or_is_forgotten()
    {
        const int Most = 3;
        var limit = Monthly(Most, new ManualTime(Noon));
        Take(limit, "first", Most);
        Span<byte> text = stackalloc byte[8];
        for (var caller = 1ul; caller <= QuotaBook.MostCallers + 100_000; caller++)
        {
            BitConverter.TryWriteBytes(text, caller);
            Taken(limit.TakeAsync(new LimitKey(caller, text), 1));
        }

        Assert.That(limit.Keys, Is.EqualTo(QuotaBook.MostCallers));
        Assert.That(_table.All.Single().Book.Cells.Count(), Is.LessThanOrEqualTo(QuotaBook.MostCallers + QuotaBook.SharedCells));
        Assert.That(_table.All.Single().Book.Cells.Max(cell => cell.Value.Used), Is.EqualTo(Most));
        Assert.That((Take(limit, "first").Allowed, Take(limit, "new").Allowed), Is.EqualTo((false, false)), "one that is known, and one that shares what others have used up");
        Assert.That(limit.Peek(Key("newer"), 1).Allowed, Is.False);
    }

    [Test]
    public void A_known_caller_costs_no_allocation()
    {
        var limit = Monthly(long.MaxValue, new ManualTime(Noon));
        Take(limit, "a");
        Assert.That(Allocations.Of(() =>
        {
            for (var round = 0; round < 100; round++)
            {
                Taken(limit.TakeAsync(new LimitKey(1, "a"u8), 1));
                limit.Return(new LimitKey(1, "a"u8), 1);
                limit.Peek(new LimitKey(1, "a"u8), 1);
            }
        }), Is.Zero);
    }

    private static LimitSpec Spec(long count, QuotaPeriod period) => new("plan", "pro", new LimitRule { Quota = new Quota(count, period) }, LimitMode.Local, StoreFailure.Local);

    private static LimitKey Key(string caller) => new((ulong)caller.GetHashCode(StringComparison.Ordinal), Encoding.UTF8.GetBytes(caller));

    private static LimitAnswer Take(QuotaLimit limit, string caller, int cost = 1) => Taken(limit.TakeAsync(Key(caller), cost));

    private static LimitAnswer Taken(ValueTask<LimitAnswer> asked) => asked.IsCompletedSuccessfully ? asked.Result : throw new AssertionException("it waits");

    private QuotaLimit Monthly(long count, TimeProvider time) => new(Spec(count, QuotaPeriod.Month), _table.Of(Spec(count, QuotaPeriod.Month)), time);

    private sealed class SettableDate(Func<DateTimeOffset> now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now();
    }
}
