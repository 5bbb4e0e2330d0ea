using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.State;
using LoadBalancer.Faults;
using LoadBalancer.Http.Usage;
using LoadBalancer.Limits;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.State;

internal sealed class KeptCountsTests
{
    private static readonly CallerName Acme = new("partners", "acme", "partner");
    private static readonly LimitSpec Spec = new("plan", "partner", new LimitRule { Quota = new Quota(10, QuotaPeriod.Month) }, LimitMode.Local, StoreFailure.Local);

    private ManualTime _time = null!;
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => (_time, _folder) = (new ManualTime(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero)), new TemporaryFolder());

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public async Task The_next_process_goes_on_from_what_was_used()
    {
        await using (var first = Start())
        {
            first.Use(7);
        }

        _time.Advance(TimeSpan.FromDays(1));
        await using var second = Start();
        Assert.That(second.Use(1), Is.EqualTo(2), "what is left of the quota");
        var usage = second.Kept.Of(second.Usage.Current.Month)!;
        Assert.That(usage.Callers, Is.EqualTo(new[] { new UsageRecord("partners", "acme", "partner", 8, 0, 0, 0, 80, 800) }));
        Assert.That((usage.Month, usage.Since, usage.Until), Is.EqualTo(("2026-11", new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero), _time.GetUtcNow())));
    }

    [Test]
    public async Task It_is_written_every_few_seconds_so_that_a_kill_loses_no_more()
    {
        await using var killed = Start();
        killed.Use(3);
        await AdvanceUntilAsync(() => File.Exists(PathOf("quotas.json")) && File.Exists(PathOf("usage-2026-11.json")));
        killed.Folder.Dispose();
        await using var next = Start();
        Assert.That(next.Use(1), Is.EqualTo(6));
    }

    [Test]
    public async Task The_file_of_quotas_names_nobody()
    {
        await using (var run = Start())
        {
            run.Use(1);
        }

        Assert.That(await File.ReadAllTextAsync(PathOf("quotas.json")), Does.Contain("\"partner\"").And.Contain("\"2026-11\"").And.Not.Contain("acme"));
    }

    [Test]
    public async Task A_month_that_is_over_is_kept_and_the_next_begins_with_nothing()
    {
        await using var run = Start();
        run.Use(10);
        Assert.That(run.Use(1), Is.Zero);
        _time.Advance(new DateTimeOffset(2026, 12, 1, 0, 0, 1, TimeSpan.Zero) - _time.GetUtcNow());
        Assert.That(run.Use(1), Is.EqualTo(9));
        Assert.That(Requests(run, "2026-11"), Is.EqualTo(11), "before it is written, or after");
        await AdvanceUntilAsync(() => File.Exists(PathOf("usage-2026-12.json")));
        Assert.That((Requests(run, "2026-11"), Requests(run, "2026-12"), Requests(run, "2026-10")), Is.EqualTo((11, 1, 0)));
        Assert.That(run.Kept.Of(run.Usage.Current.Month)!.Since, Is.EqualTo(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero)));
    }

    [Test]
    public async Task Months_of_more_than_a_year_ago_are_removed()
    {
        await using var run = Start();
        foreach (var month in (string[])["2025-10", "2025-11", "2026-10"])
        {
            File.Copy(Path.Combine(run.Folder.Path, "pid"), PathOf($"usage-{month}.json"));
        }

        run.Use(1);
        _time.Advance(new DateTimeOffset(2026, 12, 1, 0, 0, 1, TimeSpan.Zero) - _time.GetUtcNow());
        run.Use(1);
        await AdvanceUntilAsync(() => File.Exists(PathOf("usage-2026-12.json")));
        Assert.That(Directory.GetFiles(run.Folder.Path, "usage-*.json").Select(Path.GetFileName).Order(), Is.EqualTo(new[] { "usage-2025-11.json", "usage-2026-10.json", "usage-2026-11.json", "usage-2026-12.json" }));
    }

    [TestCase("quotas.json", "{")]
    [TestCase("quotas.json", """{"version": 2, "quotas": []}""")]
    [TestCase("quotas.json", """{"version": 1, "quotas": [null]}""")]
    [TestCase("quotas.json", """{"version": 1, "quotas": [{"limit": "plan", "plan": "partner", "period": "May", "callers": {}}]}""")]
    [TestCase("quotas.json", """{"version": 1, "quotas": [{"limit": "plan", "plan": "partner", "period": "2026-11", "callers": {"acme": 1}}]}""")]
    [TestCase("quotas.json", """{"version": 1, "quotas": [{"limit": "plan", "plan": "partner", "period": "2026-11", "callers": {"00": -1}}]}""")]
    [TestCase("quotas.json", """{"version": 1, "quotas": [{"limit": "plan", "plan": "partner", "period": "2026-11", "callers": {"100000000000000000000000000000000": 1}}]}""")]
    [TestCase("quotas.json", """{"version": 1, "quotas": [{"limit": "plan", "plan": "partner", "period": "9999-12", "callers": {"00": 1}}]}""")]
    [TestCase("usage-2026-11.json", "")]
    [TestCase("usage-2026-11.json", """{"version": 1, "month": "2026-11", "since": "2026-11-01T00:00:00Z", "until": "2026-11-01T00:00:00Z", "callers": [null]}""")]
    [TestCase("usage-2026-11.json", """{"version": 1, "month": "2026-11-01", "since": "2026-11-01T00:00:00Z", "until": "2026-11-01T00:00:00Z", "callers": []}""")]
    public async Task A_file_that_makes_no_sense_is_set_aside_and_the_start_goes_on(string name, string content)
    {
        Directory.CreateDirectory(_folder["state"]);
        await File.WriteAllTextAsync(PathOf(name), content);
        await using (var run = Start())
        {
            Assert.That(run.Use(1), Is.EqualTo(9));
            Assert.That(await File.ReadAllTextAsync(Directory.GetFiles(run.Folder.Path, name + ".bad-*").Single()), Is.EqualTo(content));
        }

        await using var next = Start();
        Assert.That(next.Use(1), Is.EqualTo(8));
    }

    [Test]
    public async Task An_upgrade_loses_nothing_and_counts_nothing_twice()
    {
        var before = Start();
        before.Use(3);
        before.Folder.IsHandedOver = true;

        // The new process has its own descriptor of the same lock.
        before.Kept.HandOver();
        before.Use(2);
        await using var after = Start(before.Folder);
        Assert.That(after.Use(1), Is.EqualTo(6), "what the old process had when it handed over");
        await before.DisposeAsync();
        after.Folder.IsHandedOver = false;
        await AdvanceUntilAsync(() => Directory.GetFiles(_folder["state"], "counts-*").Length == 0 && Requests(after, "2026-11") == 6);
        Assert.That(after.Use(1), Is.EqualTo(3), "and what it counted while it drained");
    }

    [Test]
    public async Task An_upgrade_counts_nothing_twice_where_half_of_it_could_not_be_written()
    {
        var before = Start();
        before.Use(3);
        await AdvanceUntilAsync(() => File.Exists(PathOf("usage-2026-11.json")));
        before.Use(1);
        before.Folder.IsHandedOver = true;
        Directory.CreateDirectory(PathOf("usage-2026-11.json.new"));
        before.Kept.HandOver();
        Directory.Delete(PathOf("usage-2026-11.json.new"));
        before.Use(2);
        await using var after = Start(before.Folder);
        Assert.That(after.Use(1), Is.EqualTo(5), "of the quota everything could be written");
        await before.DisposeAsync();
        after.Folder.IsHandedOver = false;
        await AdvanceUntilAsync(() => Directory.GetFiles(_folder["state"], "counts-*").Length == 0 && Requests(after, "2026-11") >= 7);
        Assert.That((after.Use(1), Requests(after, "2026-11")), Is.EqualTo((2, 8)));
    }

    [Test]
    public async Task An_upgrade_over_the_end_of_a_month_keeps_both()
    {
        var before = Start();
        before.Use(3);
        before.Folder.IsHandedOver = true;
        before.Kept.HandOver();
        before.Use(2);
        await using var after = Start(before.Folder);
        after.Use(1);
        _time.Advance(new DateTimeOffset(2026, 12, 1, 0, 0, 1, TimeSpan.Zero) - _time.GetUtcNow());
        before.Use(1);
        after.Use(1);
        await before.DisposeAsync();
        after.Folder.IsHandedOver = false;
        await AdvanceUntilAsync(() => Directory.GetFiles(_folder["state"], "counts-*").Length == 0 && Requests(after, "2026-12") >= 2 && Requests(after, "2026-11") >= 6);
        Assert.That((Requests(after, "2026-11"), Requests(after, "2026-12")), Is.EqualTo((6, 2)));
    }

    [Test]
    public async Task A_month_that_ends_before_anything_was_read_is_not_replaced()
    {
        await using (var first = Start())
        {
            first.Use(7);
        }

        using var folder = StateFolder.Open(_folder["state"], _time, LogSink.Silent);
        var kept = new KeptCounts(folder, new QuotaTable(), new UsageTable(_time), _time, LogSink.Silent);
        _time.Advance(new DateTimeOffset(2026, 12, 1, 0, 0, 1, TimeSpan.Zero) - _time.GetUtcNow());
        kept.Begin();
        await kept.DisposeAsync();
        await using var next = Start(folder);
        Assert.That(Requests(next, "2026-11"), Is.EqualTo(7));
    }

    [Test]
    public async Task A_machine_that_starts_without_the_time_goes_on_from_what_is_kept()
    {
        await using (var first = Start())
        {
            first.Use(7);
        }

        var now = _time.GetUtcNow();
        _time = new ManualTime(new DateTimeOffset(1970, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using (var second = Start())
        {
            _time.Advance(now - _time.GetUtcNow());
            Assert.That(second.Use(1), Is.EqualTo(2));
        }

        await using var third = Start();
        Assert.That((third.Use(1), Requests(third, "2026-11")), Is.EqualTo((1, 9)));
    }

    [Test]
    public async Task A_clock_that_was_years_ahead_blocks_nothing_when_it_is_back_and_loses_nothing()
    {
        var now = _time.GetUtcNow();
        await using (var first = Start())
        {
            first.Use(7);
            _time.Advance(TimeSpan.FromDays(5000));
            Assert.That(first.Use(10), Is.Zero);
        }

        _time = new ManualTime(now);
        await using (var second = Start())
        {
            Assert.That((second.Use(1), Requests(second, "2026-11")), Is.EqualTo((2, 8)));
        }

        await using var third = Start();
        Assert.That((third.Use(1), Requests(third, "2026-11")), Is.EqualTo((1, 9)));
    }

    [Test]
    public async Task A_clock_that_is_ahead_at_a_start_and_set_back_neither_loses_a_month_nor_gives_it_twice([Values(10, 40, 5000)] int days, [Values] bool whileItRuns)
    {
        var now = _time.GetUtcNow();
        await using (var first = Start())
        {
            first.Use(7);
        }

        _time = new ManualTime(now.AddDays(days));
        await using (var ahead = Start())
        {
            Assert.That(ahead.Use(2), Is.EqualTo(8), "a period of its own");
            if (whileItRuns)
            {
                _time.Advance(TimeSpan.FromDays(-days));
                Assert.That(ahead.Use(1), Is.EqualTo(2));
            }
        }

        _time = new ManualTime(now);
        await using (var back = Start())
        {
            Assert.That(back.Use(1), Is.EqualTo(whileItRuns ? 1 : 2), "seven were used before, and no more");
        }

        _time = new ManualTime(now.AddDays(days));
        await using var next = Start();
        Assert.That(next.Use(1), Is.EqualTo(7), "and of the other two");
    }

    [Test]
    public async Task A_file_that_cannot_be_read_for_a_while_is_not_replaced()
    {
        await using (var first = Start())
        {
            first.Use(7);
        }

        var quotas = await File.ReadAllTextAsync(PathOf("quotas.json"));
        foreach (var name in (string[])["quotas.json", "usage-2026-11.json"])
        {
            File.Move(PathOf(name), PathOf(name + ".kept"));
            File.CreateSymbolicLink(PathOf(name), PathOf(name));
        }

        await using var second = Start();
        second.Use(1);
        var until = _time.GetUtcNow() + (KeptCounts.Interval * 20);
        await AdvanceUntilAsync(() => _time.GetUtcNow() > until);
        foreach (var name in (string[])["quotas.json", "usage-2026-11.json"])
        {
            Assert.That(File.ResolveLinkTarget(PathOf(name), returnFinalTarget: false), Is.Not.Null, "it is as it was");
            File.Move(PathOf(name + ".kept"), PathOf(name), overwrite: true);
        }

        // One file may be back a pass before the other.
        await AdvanceUntilAsync(() => Requests(second, "2026-11") == 8 && File.ReadAllText(PathOf("quotas.json")) != quotas);
        Assert.That(second.Use(1), Is.EqualTo(1));
    }

    [TestCase("""{"version": 1, "quotas": []}""", """{"version": 1, "month": "May", "since": "2026-11-01T00:00:00Z", "until": "2026-11-01T00:00:00Z", "callers": []}""")]
    [TestCase("""{"version": 1, "quotas": [{"limit": "plan", "plan": "partner", "period": "2026-11", "callers": {"100000000000000000000000000000000": 1}}]}""", """{"version": 1, "month": "2026-11", "since": "2026-11-01T00:00:00Z", "until": "2026-11-01T00:00:00Z", "callers": []}""")]
    public async Task What_a_process_left_and_makes_no_sense_is_set_aside_and_counting_goes_on(string quotas, string usage)
    {
        var left = $$"""{"version": 1, "quotas": {{quotas}}, "usage": [{{usage}}]}""";
        await using (var run = Start())
        {
            await File.WriteAllTextAsync(PathOf("counts-7.json"), left);
            await AdvanceUntilAsync(() => Directory.GetFiles(run.Folder.Path, "counts-7.json.bad-*").Length == 1);
            Assert.That(await File.ReadAllTextAsync(Directory.GetFiles(run.Folder.Path, "counts-7.json.bad-*").Single()), Is.EqualTo(left));
            run.Use(1);
            await AdvanceUntilAsync(() => File.Exists(PathOf("quotas.json")));
        }

        await using var next = Start();
        Assert.That(next.Use(1), Is.EqualTo(8));
    }

    [Test]
    public async Task Without_a_folder_usage_is_that_of_the_process()
    {
        var (quotas, usage) = (new QuotaTable(), new UsageTable(_time));
        await using var kept = new KeptCounts(null, quotas, usage, _time, LogSink.Silent);
        kept.Begin();
        usage.Current.Of(Acme).Count(FaultKind.RateLimited, 0, 0);
        Assert.That(kept.Of(usage.Current.Month)!.Callers, Is.EqualTo(new[] { new UsageRecord("partners", "acme", "partner", 1, 1, 0, 0, 0, 0) }));
        Assert.That((kept.Keeps, kept.Of(CalendarPeriod.Of(QuotaPeriod.Month, _time.GetUtcNow().AddMonths(-1)))), Is.EqualTo((false, (UsageDocument?)null)));
    }

    [Test]
    public async Task Without_a_folder_the_last_month_is_known_and_none_before_it()
    {
        var usage = new UsageTable(_time);
        await using var kept = new KeptCounts(null, new QuotaTable(), usage, _time, LogSink.Silent);
        kept.Begin();
        var first = usage.Current.Month;
        _time.Advance(TimeSpan.FromDays(30));
        var second = usage.Current.Month;
        _time.Advance(TimeSpan.FromDays(30));
        Assert.That((kept.Of(first), kept.Of(second)?.Month, kept.Of(usage.Current.Month)?.Month), Is.EqualTo(((UsageDocument?)null, "2026-12", "2027-01")));
    }

    [Test]
    public async Task A_process_that_stood_still_for_days_while_it_wrote_writes_again_within_minutes()
    {
        var time = new FrozenOnce(_time, TimeSpan.FromDays(90));
        using var folder = StateFolder.Open(_folder["state"], _time, LogSink.Silent);
        var usage = new UsageTable(_time);
        await using var kept = new KeptCounts(folder, new QuotaTable(), usage, time, LogSink.Silent);
        kept.Begin();
        await AdvanceUntilAsync(() => time.HasStood);
        var stood = _time.GetUtcNow();
        usage.Current.Of(Acme).Count(FaultKind.None, 10, 100);
        usage.Current.Change();
        await AdvanceUntilAsync(() => File.Exists(PathOf($"usage-{usage.Current.Month}.json")));
        Assert.That(_time.GetUtcNow() - stood, Is.LessThanOrEqualTo(KeptCounts.LongestInterval + KeptCounts.Interval));
    }

    private static long Requests(Run run, string month) =>
        CalendarPeriod.TryParse(month, out var period) ? run.Kept.Of(period)?.Callers.Sum(record => record.Requests) ?? 0 : -1;

    // The timer is another thread's, which may not be there yet; a clock that went on meanwhile could see the month end.
    private async Task AdvanceUntilAsync(Func<bool> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(30)), "this never came");
            if (_time.ActiveTimers > 0)
            {
                _time.Advance(KeptCounts.Interval);
            }

            await Task.Yield();
        }
    }

    private string PathOf(string name) => Path.Combine(_folder["state"], name);

    private Run Start(StateFolder? same = null) => new(same ?? StateFolder.Open(_folder["state"], _time, LogSink.Silent), _time, ownsFolder: same is null);

    /// <summary>The same clock, which goes on by <paramref name="stands"/> while somebody asks it for the first time what time it is.</summary>
    private sealed class FrozenOnce(ManualTime time, TimeSpan stands) : TimeProvider
    {
        private int _asked;

        /// <summary>Whether that was so.</summary>
        public bool HasStood => Volatile.Read(ref _asked) == 2;

        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);

        public override DateTimeOffset GetUtcNow()
        {
            if (Interlocked.CompareExchange(ref _asked, 1, 0) == 0)
            {
                time.Advance(stands);
                Volatile.Write(ref _asked, 2);
            }

            return time.GetUtcNow();
        }
    }

    private sealed class Run : IAsyncDisposable
    {
        private readonly bool _ownsFolder;
        private readonly QuotaLimit _limit;

        public Run(StateFolder folder, ManualTime time, bool ownsFolder)
        {
            (Folder, Usage, _ownsFolder) = (folder, new UsageTable(time), ownsFolder);
            var quotas = new QuotaTable();
            Kept = new KeptCounts(folder, quotas, Usage, time, LogSink.Silent);
            Kept.Begin();
            _limit = new QuotaLimit(Spec, quotas.Of(Spec), time);
        }

        public StateFolder Folder { get; }

        public UsageTable Usage { get; }

        public KeptCounts Kept { get; }

        /// <summary>Some requests of one caller; what is left of its quota after them.</summary>
        public long Use(int requests)
        {
            var answer = default(LimitAnswer);
            for (var request = 0; request < requests; request++)
            {
                var asked = _limit.TakeAsync(new LimitKey(1, Encoding.UTF8.GetBytes("acme")), 1);
                answer = asked.IsCompletedSuccessfully ? asked.Result : throw new AssertionException("it waits");
                var month = Usage.Current;
                month.Of(Acme).Count(FaultKind.None, 10, 100);
                month.Change();
            }

            return answer.Remaining;
        }

        public async ValueTask DisposeAsync()
        {
            await Kept.DisposeAsync();
            if (_ownsFolder)
            {
                Folder.Dispose();
            }
        }
    }
}
