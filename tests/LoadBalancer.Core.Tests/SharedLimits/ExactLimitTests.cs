using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;
using LoadBalancer.Redis;
using LoadBalancer.SharedLimits;
using LoadBalancer.Tests.Redis;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.SharedLimits;

/// <summary>A limit that instances count together, in a real server: that answers, and that does not.</summary>
internal sealed class ExactLimitTests
{
    private static readonly LimitRule FivePerHour = new() { Rate = new Rate(5, TimeSpan.FromHours(1)) };

    private readonly List<RedisClient> _clients = [];
    private RedisServer _server = null!;
    private TestLoops _loops = null!;

    [OneTimeSetUp]
    public void BeginAll() => _server = new RedisServer();

    [OneTimeTearDown]
    public void EndAll() => _server.Dispose();

    [SetUp]
    public void Begin()
    {
        _server.Ask("FLUSHALL");
        _loops = new TestLoops();
    }

    [TearDown]
    public async Task End()
    {
        foreach (var client in _clients)
        {
            await client.CloseAsync();
        }

        _clients.Clear();
        _loops.Dispose();
    }

    [Test]
    public async Task Instances_count_together_and_callers_apart()
    {
        var (one, other) = (Limit(FivePerHour), Limit(FivePerHour));
        for (var taken = 0; taken < 5; taken++)
        {
            var answer = await Take(taken % 2 == 0 ? one : other, "ann");
            Assert.That((answer.Allowed, answer.Remaining, answer.Wait, answer.IsAlone), Is.EqualTo((true, 4L - taken, TimeSpan.Zero, false)));
            Assert.That(answer.Reset, Is.GreaterThan(TimeSpan.FromMinutes(59)).And.LessThanOrEqualTo(TimeSpan.FromHours(1)));
        }

        foreach (var limit in new[] { one, other })
        {
            var refused = await Take(limit, "ann");
            Assert.That((refused.Allowed, refused.Remaining, refused.IsUnavailable), Is.EqualTo((false, 0L, false)));
            Assert.That(refused.Wait, Is.GreaterThan(TimeSpan.FromMinutes(59)).And.LessThanOrEqualTo(TimeSpan.FromHours(1)));
            Assert.That((await Take(limit, "ben")).Allowed, Is.True);
        }
    }

    [Test]
    public async Task What_is_given_back_may_be_taken_again()
    {
        var limit = Limit(FivePerHour);
        Assert.That((await Take(limit, "ann", 5)).Allowed, Is.True);
        await _loops.Run(() => limit.Return(Key("ann"), 2));
        Assert.That((await Take(limit, "ann", 3)).Allowed, Is.False);
        Assert.That((await Take(limit, "ann", 2)).Allowed, Is.True);
        limit.Return(Key("ann"), 1);
        Assert.That(() => Take(limit, "ann", 1).Result.Allowed, Is.True.After(Loopback.TimeoutMs, 5), "from no loop as well");
    }

    [Test]
    public async Task Several_limits_of_a_request_are_one_command_and_are_all_charged_or_none_is([Values] bool onLoop)
    {
        var store = await ReadyStore(_server);
        var asked = Questions(store, "ann", ("wide", 9), ("narrow", 3), ("wider", 20));
        Assert.That(Told(await Take(store, asked, onLoop)), Is.EqualTo(new[] { (true, 8L), (true, 2L), (true, 19L) }));
        var before = Commands(_server);
        Assert.That(Told(await Take(store, asked, onLoop)), Is.EqualTo(new[] { (true, 7L), (true, 1L), (true, 18L) }));
        Assert.That(Told(await Take(store, asked, onLoop)), Is.EqualTo(new[] { (true, 6L), (true, 0L), (true, 17L) }));
        var refused = await Take(store, asked, onLoop);
        Assert.That((string.Join(' ', Told(refused)), refused.AreCharged), Is.EqualTo(("(True, 5) (False, 0)", false)), "what it asked up to there");
        Assert.That(refused[1].Wait, Is.GreaterThan(TimeSpan.FromMinutes(59)));
        Assert.That(Commands(_server) - before, Is.EqualTo(3), "one for each request");
        Assert.That(Told(await Take(store, Questions(store, "ann", ("wide", 9), ("wider", 20)), onLoop)), Is.EqualTo(new[] { (true, 5L), (true, 16L) }), "the refusal has charged none");
        Assert.That((await Take(store, asked.AsMemory(0, 1), onLoop))[0].Remaining, Is.EqualTo(4), "one alone is asked as well");
        Assert.That((await Take((ExactLimit)asked[0].Limit, "ann")).Remaining, Is.EqualTo(3), "and in its own way it is the same limit");
    }

    [Test]
    public async Task In_a_cluster_the_limits_of_one_caller_are_one_command_and_others_are_asked_apart()
    {
        using var server = new RedisServer("--cluster-enabled", "yes");
        server.Ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
        Assert.That(() => Encoding.ASCII.GetString(server.Ask("CLUSTER", "INFO").Text), Does.Contain("cluster_state:ok").After(2 * Loopback.TimeoutMs, 20));
        var store = await ReadyStore(server, cluster: true);
        LimitQuestion[] asked = [.. Questions(store, "ann", ("wide", 9), ("narrow", 3)), .. Questions(store, "ben", ("others", 5))];
        Assert.That(Told(await Take(store, asked, onLoop: true)), Is.EqualTo(new[] { (true, 8L), (true, 2L) }), "those that are kept together");
        Assert.That(Told(await Take(store, asked.AsMemory(2), onLoop: true)), Is.EqualTo(new[] { (true, 4L) }));
        Assert.That(server.Ask("DBSIZE").Number, Is.EqualTo(3));
    }

    [Test]
    public async Task Without_the_store_each_of_several_decides_as_the_file_says_until_one_refuses()
    {
        using var server = new RedisServer();
        var store = await ReadyStore(server);
        var spec = new LimitSpec("alone", "free", FivePerHour, LimitMode.Exact, StoreFailure.Local);
        var alone = new LocalLimit(spec, TimeProvider.System);
        LimitQuestion[] local = [new(store.Create(spec, alone, TimeProvider.System), 7, "ann"u8.ToArray(), 1)];
        var may = Questions(store, "ann", StoreFailure.Allow, ("allowed", 1));
        var mayNot = Questions(store, "ann", StoreFailure.Deny, ("denied", 1));
        Assert.That(Told(await Take(store, (LimitQuestion[])[.. local, .. may, .. mayNot], onLoop: true)), Is.EqualTo(new[] { (true, 4L), (true, 0L), (true, 0L) }));
        Assert.That(alone.Peek(new LimitKey(7, "ann"u8), 1).Remaining, Is.EqualTo(4), "it is counted along");
        server.Kill();
        Assert.That(() => store.Client.Nodes.Single().IsUp, Is.False.After(Loopback.TimeoutMs, 5));
        var answers = await Take(store, (LimitQuestion[])[.. local, .. may, .. mayNot, .. local], onLoop: true);
        Assert.That(Enumerable.Range(0, answers.Count).Select(at => (answers[at].Allowed, answers[at].IsAlone, answers[at].IsUnavailable)), Is.EqualTo(new[]
        {
            (true, true, false), (true, true, false), (false, false, true),
        }));
        Assert.That(answers.AreCharged, "whoever asked gives back what was charged here");
        Assert.That(alone.Peek(new LimitKey(7, "ann"u8), 1).Remaining, Is.EqualTo(3));
    }

    [Test]
    public async Task A_quota_goes_on_where_it_was_when_its_mode_changes()
    {
        var store = await ReadyStore(_server);
        var quota = new LimitRule { Quota = new Quota(5, QuotaPeriod.Month) };
        var (exact, leased) = (Of(LimitMode.Exact), Of(LimitMode.Leased));
        Assert.That((await Take(exact, "ann", 2)).Remaining, Is.EqualTo(3));
        Assert.That((await Take(leased, "ann")).Remaining, Is.EqualTo(2));
        Assert.That((await Take(exact, "ann")).Remaining, Is.EqualTo(1));

        KeyedLimit Of(LimitMode mode) => store.Create(new LimitSpec("trips", "free", quota, mode, StoreFailure.Deny), null, TimeProvider.System);
    }

    [Test]
    public async Task Whoever_is_on_no_loop_is_answered_as_well()
    {
        var limit = Limit(FivePerHour);
        Assert.That((await limit.TakeAsync(Key("ann"), 2)).Remaining, Is.EqualTo(3));
        Assert.That(EventLoop.Current, Is.Null);
    }

    [Test]
    public async Task The_store_knows_nobody_by_name_and_forgets_everybody_in_time()
    {
        LimitRule[] rules =
        [
            FivePerHour, new() { Rate = new Rate(5, TimeSpan.FromSeconds(1)), Burst = 10 }, new() { Rate = new Rate(5000, TimeSpan.FromSeconds(1)) },
            new() { Quota = new Quota(5, QuotaPeriod.Day) }, new() { Quota = new Quota(5, QuotaPeriod.Month) },
        ];
        foreach (var rule in rules)
        {
            Assert.That((await Take(Limit(rule), "ann@example.com")).Remaining, Is.EqualTo(rule.Most - 1));
        }

        var keys = _server.Ask("KEYS", "*");
        var names = Enumerable.Range(0, keys.Count).Select(index => Encoding.ASCII.GetString(keys[index].Text)).ToList();
        Assert.That(names, Has.Count.EqualTo(rules.Length).And.All.Match("^lb:trips:free:{[0-9a-f]{32}}:(w|b|s1|qd|qm)$"));
        Assert.That(names.Select(name => _server.Ask("PTTL", name).Number), Is.All.InRange(1, 32L * 24 * 3600 * 1000));
    }

    [TestCase(StoreFailure.Local)]
    [TestCase(StoreFailure.Allow)]
    [TestCase(StoreFailure.Deny)]
    public async Task Without_the_store_the_file_decides_and_what_it_counted_is_there_afterwards(StoreFailure onFailure)
    {
        using var server = new RedisServer();
        var limit = Limit(FivePerHour, onFailure, server);
        for (var taken = 0; taken < 3; taken++)
        {
            Assert.That((await Take(limit, "ann")).Remaining, Is.EqualTo(4 - taken));
        }

        server.Freeze();
        var answers = new List<LimitAnswer>();
        for (var taken = 0; taken < 4; taken++)
        {
            answers.Add(await Take(limit, "ann"));
        }

        Assert.That(answers.Select(answer => (answer.Allowed, answer.IsAlone, answer.IsUnavailable)), Is.EqualTo(onFailure switch
        {
            // Beside the store it has counted three already: an outage is no second limit.
            StoreFailure.Local => [(true, true, false), (true, true, false), (false, true, false), (false, true, false)],
            StoreFailure.Allow => Enumerable.Repeat((true, true, false), 4),
            _ => Enumerable.Repeat((false, false, true), 4),
        }));
        if (onFailure == StoreFailure.Deny)
        {
            Assert.That(answers[0].Wait, Is.EqualTo(ExactLimit.UnavailableWait));
        }

        server.Thaw();
        Assert.That(() => Take(limit, "ben").Result is { IsAlone: false, IsUnavailable: false }, Is.True.After(Loopback.TimeoutMs, 5));

        // The command that was waited for in vain lay in the frozen server's socket, and may have been counted when it went on.
        Assert.That((await Take(limit, "ann")).Remaining, Is.InRange(0, 1));
    }

    [Test]
    public async Task An_emptied_store_counts_from_the_beginning_and_a_forgotten_script_is_sent_again()
    {
        var limit = Limit(FivePerHour);
        Assert.That((await Take(limit, "ann", 5)).Allowed, Is.True);
        _server.Ask("SCRIPT", "FLUSH");
        Assert.That((await Take(limit, "ann")).Allowed, Is.False);
        _server.Ask("FLUSHALL");
        Assert.That((await Take(limit, "ann")).Remaining, Is.EqualTo(4));
    }

    [Test]
    public async Task A_store_that_is_out_of_memory_is_away()
    {
        using var server = new RedisServer();
        var limit = Limit(FivePerHour, StoreFailure.Deny, server);
        Assert.That((await Take(limit, "ann")).Allowed, Is.True);
        server.Ask("CONFIG", "SET", "maxmemory", "1");
        Assert.That((await Take(limit, "ann")).IsUnavailable, Is.True);
        server.Ask("CONFIG", "SET", "maxmemory", "0");
        Assert.That((await Take(limit, "ann")).Remaining, Is.EqualTo(3));
    }

    [Test]
    public async Task What_the_store_was_never_charged_is_not_given_back_to_it()
    {
        using var server = new RedisServer();
        var limit = Limit(FivePerHour, StoreFailure.Local, server);
        Assert.That((await Take(limit, "ann", 3)).Remaining, Is.EqualTo(2));
        server.Ask("CONFIG", "SET", "maxmemory", "1");
        Assert.That(await Take(limit, "ann"), Has.Property(nameof(LimitAnswer.IsAlone)).True.And.Property(nameof(LimitAnswer.Remaining)).EqualTo(1));
        await _loops.Run(() => limit.ReturnAlone(new LimitKey(1 + 3 + 'a', "ann"u8), 1));
        Assert.That((await Take(limit, "ann")).Remaining, Is.EqualTo(1), "given back here");
        server.Ask("CONFIG", "SET", "maxmemory", "0");
        Assert.That((await Take(limit, "ann")).Remaining, Is.EqualTo(1), "and not there");
    }

    [Test]
    public async Task Another_store_is_used_from_one_moment_to_the_next()
    {
        using var second = new RedisServer();
        var store = Store(_server);
        var limit = (ExactLimit)store.Create(new LimitSpec("trips", "free", FivePerHour, LimitMode.Exact, StoreFailure.Deny), null, TimeProvider.System);
        Assert.That(() => Take(limit, "ann").Result.Remaining, Is.EqualTo(4).After(Loopback.TimeoutMs, 5));
        var next = Client(second);
        Assert.That(() => next.AskAsync("PING").Result.IsGood, Is.True.After(Loopback.TimeoutMs, 5));

        // Asked before the move and answered after it, on the loop that asks.
        var before = await _loops.Run(async () =>
        {
            var asked = limit.TakeAsync(Key("ann"), 1);
            _ = store.UseAsync(next);
            return await asked;
        });
        Assert.That(before.Remaining, Is.EqualTo(3));
        Assert.That((await Take(limit, "ann")).Remaining, Is.EqualTo(4));
        Assert.That(second.Ask("DBSIZE").Number, Is.EqualTo(1));
    }

    [Test]
    public async Task A_warm_check_of_several_allocates_nothing()
    {
        var store = await ReadyStore(_server);
        var asked = Questions(store, "ann", ("wide", 1_000), ("wider", 100_000));
        await Take(store, asked, onLoop: true);
        var bytes = await _loops.Run(async () =>
        {
            var least = long.MaxValue;
            for (var round = 0; round < 20; round++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var count = 0; count < 20; count++)
                {
                    await store.TakeAsync(asked);
                }

                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            return least;
        });
        Assert.That(bytes, Is.Zero);
    }

    [Test]
    public async Task A_warm_check_allocates_nothing([Values] bool countsAlone)
    {
        var limit = Limit(new LimitRule { Rate = new Rate(1_000_000, TimeSpan.FromSeconds(1)), Burst = 1_000_000 }, countsAlone ? StoreFailure.Local : StoreFailure.Deny);
        await Take(limit, "ann");
        var bytes = await _loops.Run(async () =>
        {
            var least = long.MaxValue;
            for (var round = 0; round < 20; round++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var count = 0; count < 50; count++)
                {
                    await limit.TakeAsync(new LimitKey(7, "ann"u8), 1);
                }

                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            return least;
        });
        Assert.That(bytes, Is.Zero);
    }

    private static LimitKey Key(string caller) => new((ulong)string.GetHashCode(caller, StringComparison.Ordinal), Encoding.UTF8.GetBytes(caller));

    private Task<LimitAnswer> Take(KeyedLimit limit, string caller, int cost = 1)
    {
        var text = Encoding.UTF8.GetBytes(caller);
        return _loops.Run(() => limit.TakeAsync(new LimitKey(1 + (ulong)caller.Length + caller[0], text), cost));
    }

    /// <summary>Limits by the hour, each with a name of its own.</summary>
    private static LimitQuestion[] Questions(RedisLimitStore store, string caller, params (string Name, int Count)[] limits) => Questions(store, caller, StoreFailure.Deny, limits);

    private static LimitQuestion[] Questions(RedisLimitStore store, string caller, StoreFailure onFailure, params (string Name, int Count)[] limits) =>
    [
        .. limits.Select(limit => new LimitQuestion(
            store.Create(new LimitSpec(limit.Name, "free", new LimitRule { Rate = new Rate(limit.Count, TimeSpan.FromHours(1)) }, LimitMode.Exact, onFailure), null, TimeProvider.System),
            7, Encoding.UTF8.GetBytes(caller), 1)),
    ];

    private static (bool Allowed, long Remaining)[] Told(LimitAnswers answers) => [.. Enumerable.Range(0, answers.Count).Select(at => (answers[at].Allowed, answers[at].Remaining))];

    /// <summary>How many scripts it has run by their digest; what greets sends its own whole.</summary>
    private static int Commands(RedisServer server)
    {
        var stats = Encoding.ASCII.GetString(server.Ask("INFO", "commandstats").Text);
        return int.Parse(Regex.Match(stats, "cmdstat_evalsha:calls=([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private async Task<LimitAnswers> Take(RedisLimitStore store, ReadOnlyMemory<LimitQuestion> asked, bool onLoop) => onLoop ? await _loops.Run(() => store.TakeAsync(asked)) : await store.TakeAsync(asked);

    private async Task<RedisLimitStore> ReadyStore(RedisServer server, bool cluster = false)
    {
        var store = new RedisLimitStore(Client(server, cluster, TimeSpan.FromSeconds(5)), _loops.Group.Loops);
        Assert.That(() => store.Client.AskAsync("PING").Result.IsGood, Is.True.After(Loopback.TimeoutMs, 5));
        await Task.CompletedTask;
        return store;
    }

    private ExactLimit Limit(LimitRule rule, StoreFailure onFailure = StoreFailure.Deny, RedisServer? server = null)
    {
        var spec = new LimitSpec("trips", "free", rule, LimitMode.Exact, onFailure);
        var store = Store(server ?? _server);
        Assert.That(() => store.Client.AskAsync("PING").Result.IsGood, Is.True.After(Loopback.TimeoutMs, 5));
        return (ExactLimit)store.Create(spec, onFailure == StoreFailure.Local ? new LocalLimit(spec, TimeProvider.System) : null, TimeProvider.System);
    }

    private RedisLimitStore Store(RedisServer server) => new(Client(server), _loops.Group.Loops);

    private RedisClient Client(RedisServer server, bool cluster = false, TimeSpan? timeout = null)
    {
        Assert.That(RedisAddressKind.TryParse(server.Url, out var address), Is.True);
        var client = new RedisClient(
            new RedisOptions { Address = [address], Cluster = cluster, Timeout = timeout ?? TimeSpan.FromMilliseconds(200) }, _loops.Group.Loops, TimeProvider.System, null, static _ => { }, error => _loops.Escaped.Enqueue(error));
        _clients.Add(client);
        client.Open();
        return client;
    }
}
