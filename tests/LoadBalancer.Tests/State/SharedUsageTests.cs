using LoadBalancer.Daemon.State;
using LoadBalancer.Faults;
using LoadBalancer.Http.Usage;
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
        using (var state = Folder(folder))
        {
            var before = new Instance(this, state);
            before.Use("acme", 3);
            await before.TellAsync();
        }

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

    /// <summary>An lb; without a state folder its name is its process's.</summary>
    private sealed class Instance(SharedUsageTests test, StateFolder? folder = null)
    {
        private readonly UsageTable _usage = new(test._time);
        private SharedUsage? _shared;

        public Action<string>? OnRefused { get; set; }

        private SharedUsage Shared => _shared ??= new SharedUsage(_usage, () => test._redis, folder, test._time, OnRefused);

        public void Use(string caller, int requests)
        {
            for (var request = 0; request < requests; request++)
            {
                _usage.Current.Of(new CallerName("partners", caller, null)).Count(FaultKind.None, 0, 0);
            }
        }

        /// <summary>As it does when its files were read.</summary>
        public void NoteKept() => Shared.NoteKept();

        /// <summary>As it does at its end, and as it does every few seconds.</summary>
        public Task TellAsync() => Shared.EndAsync();

        public async Task<(string Sum, int Instances, bool IsComplete)> SumAsync()
        {
            var sum = await Shared.AddAsync(_usage.Current.Month, UsageDocument.Of(_usage.Current, test._time.GetUtcNow()));
            return (string.Join(", ", sum!.Callers.OrderBy(record => record.Subject).Select(record => $"{record.Subject} {record.Requests}")), sum.Instances, sum.Complete);
        }
    }
}
