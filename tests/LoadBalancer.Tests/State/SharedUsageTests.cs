using LoadBalancer.Configuration;
using LoadBalancer.Daemon.State;
using LoadBalancer.Faults;
using LoadBalancer.Http.Usage;
using LoadBalancer.Limits;
using LoadBalancer.Redis;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Redis;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Tests.State;

internal sealed class SharedUsageTests
{
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    private RedisServer _server = null!;
    private LoopGroup _loops = null!;
    private RedisClient _redis = null!;

    [SetUp]
    public void Open()
    {
        _server = new RedisServer();
        _loops = new LoopGroup(1, TimeProvider.System, static (_, error) => throw error, static _ => { });
        _redis = new RedisClient(new RedisOptions { Address = [Address(_server.Url)], Timeout = TimeSpan.FromSeconds(5) }, _loops.Loops, TimeProvider.System, null, static _ => { }, static error => throw error);
        _redis.Open();
    }

    [TearDown]
    public async Task Close()
    {
        await _redis.CloseAsync();
        _loops.Dispose();
        _server.Dispose();
    }

    [Test]
    public async Task The_sum_is_that_of_all_instances_whichever_is_asked_and_however_often_they_tell()
    {
        var (one, two) = (new Instance(this), new Instance(this));
        one.Use("acme", 3);
        two.Use("acme", 2);
        two.Use("other", 1);
        await one.TellAsync();
        await one.TellAsync();
        await two.TellAsync();
        one.Use("acme", 1);
        Assert.That(await one.SumAsync(), Is.EqualTo(("acme 6, other 1", 2, true)), "its own last news too");
        Assert.That(await two.SumAsync(), Is.EqualTo(("acme 5, other 1", 2, true)));
        await one.TellAsync();
        Assert.That(await two.SumAsync(), Is.EqualTo(("acme 6, other 1", 2, true)));
    }

    [Test]
    public async Task More_callers_than_a_command_has_are_all_told()
    {
        var (one, two) = (new Instance(this), new Instance(this));
        for (var caller = 0; caller < 1000; caller++)
        {
            one.Use($"c{caller}", 1);
        }

        await one.TellAsync();
        var (sum, _, _) = await two.SumAsync();
        Assert.That(sum.Split(", "), Has.Length.EqualTo(1000).And.All.EndsWith(" 1"));
    }

    [Test]
    public async Task An_instance_that_nobody_runs_any_more_counts_still()
    {
        var gone = new Instance(this);
        gone.Use("acme", 3);
        await gone.TellAsync();
        Assert.That(await new Instance(this).SumAsync(), Is.EqualTo(("acme 3", 2, true)));
    }

    [TestCase(0, 4, "acme 7", TestName = "A_lost_file_is_made_good_by_what_was_told")]
    [TestCase(2, 4, "acme 7", TestName = "An_old_file_is_made_good_by_what_was_told")]
    [TestCase(5, 4, "acme 9", TestName = "A_file_that_has_more_than_was_told_holds")]
    public async Task Of_what_was_kept_and_what_was_told_the_larger_holds(int kept, int more, string sum)
    {
        using var folder = new TemporaryFolder();
        await TellBeforeAsync(folder);
        using var again = Folder(folder);
        var (one, other) = (new Instance(this, again), new Instance(this));
        one.Use("acme", kept);
        one.NoteKept();
        one.Use("acme", more);
        Assert.That((await one.SumAsync()).Sum, Is.EqualTo($"acme {Math.Max(3, kept + more)}"), "before it has told anything");
        await one.TellAsync();
        await one.TellAsync();
        Assert.That((await one.SumAsync(), await other.SumAsync()), Is.EqualTo(((sum, 1, true), (sum, 2, true))));
    }

    [TestCase("quotas.json")]
    [TestCase("usage-2026-11.json")]
    public async Task A_file_that_cannot_be_read_at_the_start_counts_once_when_it_can(string name)
    {
        using var folder = new TemporaryFolder();
        await TellBeforeAsync(folder, keeps: true);
        using var again = Folder(folder);
        var (path, one, other) = (Path.Combine(again.Path, name), new Instance(this, again), new Instance(this));
        File.Move(path, path + ".kept");
        File.CreateSymbolicLink(path, path);
        var kept = one.Keep();
        one.Use("acme", 4);
        await one.TellAsync();
        Assert.That((await one.SumAsync()).Sum, Is.EqualTo(name == "quotas.json" ? "acme 7" : "acme 4"), "the larger of what it has and what it has told");
        File.Move(path + ".kept", path, overwrite: true);
        await kept.DisposeAsync();
        await one.TellAsync();
        Assert.That(((await one.SumAsync()).Sum, (await other.SumAsync()).Sum), Is.EqualTo(("acme 7", "acme 7")));
    }

    [Test]
    public async Task A_month_that_ends_before_redis_answers_is_taken_up_kept_and_told_all_the_same()
    {
        using var folder = new TemporaryFolder();
        await TellBeforeAsync(folder);
        using var again = Folder(folder);
        var (path, month) = (Path.Combine(again.Path, "usage-2026-12.json"), CalendarPeriod.Of(QuotaPeriod.Month, _time.GetUtcNow()));
        var (one, other) = (new Instance(this, again) { IsAlone = true }, new Instance(this));
        var kept = one.Keep();
        one.Use("acme", 4);
        await one.TellAsync();
        _time.Advance(month.Ends - _time.GetUtcNow());
        one.Use("acme", 1);

        // The timer is another thread's, which may not be there yet.
        var began = TimeProvider.System.GetTimestamp();
        while (!File.Exists(path))
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(30)), "the month after it was never written, nor it before that");
            _time.Advance(KeptCounts.Interval);
            await Task.Yield();
        }

        one.IsAlone = false;
        await one.TellAsync();
        await kept.DisposeAsync();
        await one.TellAsync();
        Assert.That(((await other.SumAsync(month)).Sum, (await other.SumAsync()).Sum), Is.EqualTo(("acme 7", "acme 1")));
        Assert.That(kept.Of(month)!.Callers.Single().Requests, Is.EqualTo(7));
    }

    [TestCase(true, "acme 3", TestName = "What_the_process_before_hands_over_and_has_told_counts_once")]
    [TestCase(false, "acme 7", TestName = "What_the_process_before_had_not_taken_up_is_taken_up_by_the_next")]
    public async Task What_takes_a_process_place_takes_up_what_that_has_not(bool tells, string sum)
    {
        using var folder = new TemporaryFolder();
        await TellBeforeAsync(folder, requests: 7);
        using var again = Folder(folder);
        var (old, next) = (new Instance(this, again) { IsAlone = !tells }, new Instance(this, again));
        old.NoteKept();
        await old.TellAsync();
        Assert.That(old.Tells, Is.EqualTo(tells));

        // Of what the old one knows, a part could be written; it leaves the rest when it ends.
        next.Use("acme", 3);
        next.NoteKept();
        if (old.Tells)
        {
            next.TakeOver();
        }

        await next.TellAsync();
        Assert.That((await new Instance(this).SumAsync()).Sum, Is.EqualTo(sum));
    }

    [Test]
    public async Task A_server_that_is_busy_is_asked_again_before_it_is_told_less_than_it_has()
    {
        using var folder = new TemporaryFolder();
        await TellBeforeAsync(folder);
        using var again = Folder(folder);
        var (one, told) = (new Instance(this, again), new List<string>());
        one.OnRefused = told.Add;
        one.NoteKept();
        one.Use("acme", 4);
        _server.Ask("CONFIG", "SET", "lua-time-limit", "1");
        var script = Task.Run(() => _server.Ask("EVAL", "while true do end", "0"));
        Assert.That(() => _server.Ask("PING").Error, Does.StartWith("BUSY").After(Loopback.TimeoutMs, 5));
        await one.TellAsync();
        Assert.That(told.Single(), Does.StartWith("HSCAN: BUSY"));
        _server.Ask("SCRIPT", "KILL");
        await script;
        await one.TellAsync();
        Assert.That((await new Instance(this).SumAsync()).Sum, Is.EqualTo("acme 7"));
    }

    [Test]
    public async Task Where_it_may_not_read_what_it_has_told_it_tells_all_the_same()
    {
        using var folder = new TemporaryFolder();
        using var state = Folder(folder);
        var one = new Instance(this, state);
        one.NoteKept();
        one.Use("acme", 4);
        _server.Ask("ACL", "SETUSER", "default", "-hscan");
        await one.TellAsync();
        _server.Ask("ACL", "SETUSER", "default", "+hscan");
        Assert.That((await new Instance(this).SumAsync()).Sum, Is.EqualTo("acme 4"));
    }

    [Test]
    public async Task Without_the_server_it_is_the_instances_own_and_says_so()
    {
        var one = new Instance(this);
        one.Use("acme", 3);
        _server.Kill();
        Assert.That(await one.SumAsync(), Is.EqualTo(("acme 3", 1, false)));
    }

    [Test]
    public async Task Long_names_of_any_script_are_told_and_read()
    {
        var (one, two) = (new Instance(this), new Instance(this));
        for (var caller = 0; caller < 400; caller++)
        {
            one.Use($"{caller:D3}{new string('\u00fc', 250)}", 1);
        }

        await one.TellAsync();
        var (sum, _, isComplete) = await two.SumAsync();
        Assert.That((sum.Split(", ").Length, sum[..4], isComplete), Is.EqualTo((400, "000\u00fc", true)));
    }

    [Test]
    public async Task A_command_that_the_user_may_not_is_told_of_once()
    {
        _server.Ask("ACL", "SETUSER", "default", "-expireat");
        var (one, told) = (new Instance(this), new List<string>());
        one.OnRefused = told.Add;
        for (var round = 0; round < 3; round++)
        {
            one.Use("acme", 1);
            await one.TellAsync();
        }

        Assert.That(told.Single(), Does.StartWith("EXPIREAT: NOPERM"));
        Assert.That((await one.SumAsync()).Sum, Is.EqualTo("acme 3"));
    }

    private static RedisAddress Address(string url) => RedisAddressKind.TryParse(url, out var address) ? address : throw new ArgumentException(url, nameof(url));

    private StateFolder Folder(TemporaryFolder folder) => StateFolder.Open(folder["state"], _time, LogSink.Silent);

    /// <summary>What an lb of that folder has told and, where it <paramref name="keeps"/> it, written, before it ended.</summary>
    private async Task TellBeforeAsync(TemporaryFolder folder, int requests = 3, bool keeps = false)
    {
        using var state = Folder(folder);
        var before = new Instance(this, state);
        await using var kept = keeps ? before.Keep() : null;
        before.NoteKept();
        before.Use("acme", requests);
        await before.TellAsync();
    }

    /// <summary>An lb; without a state folder its name is its process's.</summary>
    private sealed class Instance(SharedUsageTests test, StateFolder? folder = null)
    {
        private readonly UsageTable _usage = new(test._time);
        private SharedUsage? _shared;

        public Action<string>? OnRefused { get; set; }

        /// <summary>True while it has no Redis.</summary>
        public bool IsAlone { get; set; }

        public bool Tells => Shared.Tells;

        private SharedUsage Shared => _shared ??= new SharedUsage(_usage, () => IsAlone ? null : test._redis, folder, test._time, OnRefused);

        public void Use(string caller, int requests)
        {
            for (var request = 0; request < requests; request++)
            {
                var month = _usage.Current;
                month.Of(new CallerName("partners", caller, null)).Count(FaultKind.None, 0, 0);
                month.Change();
            }
        }

        /// <summary>Reads its files, and writes them from here on.</summary>
        public KeptCounts Keep()
        {
            var kept = new KeptCounts(folder, new QuotaTable(), _usage, test._time, LogSink.Silent);
            kept.Begin();
            return kept;
        }

        /// <summary>What it has counted so far is what its files had.</summary>
        public void NoteKept() => _usage.Current.Kept = _usage.Current.Callers.ToDictionary(usage => usage.Name, usage => usage.Counts);

        public void TakeOver() => Shared.TakeOver();

        /// <summary>As it does at its end, and as it does every few seconds.</summary>
        public Task TellAsync() => Shared.EndAsync();

        public Task<(string Sum, int Instances, bool IsComplete)> SumAsync() => SumAsync(_usage.Current.Month);

        public async Task<(string Sum, int Instances, bool IsComplete)> SumAsync(CalendarPeriod month)
        {
            var sum = await Shared.AddAsync(month, month == _usage.Current.Month ? UsageDocument.Of(_usage.Current, test._time.GetUtcNow()) : null);
            return (string.Join(", ", sum!.Callers.OrderBy(record => record.Subject).Select(record => $"{record.Subject} {record.Requests}")), sum.Instances, sum.Complete);
        }
    }
}
