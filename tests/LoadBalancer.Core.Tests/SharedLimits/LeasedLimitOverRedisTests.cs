using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;
using LoadBalancer.Redis;
using LoadBalancer.SharedLimits;
using LoadBalancer.Tests.Redis;
using LoadBalancer.Tests.Transport.Epoll;

namespace LoadBalancer.Tests.SharedLimits;

/// <summary>Leases from a real server over the real client, by instances that run at the same time.</summary>
internal sealed class LeasedLimitOverRedisTests
{
    private readonly List<(TestLoops Loops, RedisLimitStore Store)> _instances = [];
    private RedisServer _server = null!;

    [SetUp]
    public void Begin() => _server = new RedisServer();

    [TearDown]
    public async Task End()
    {
        foreach (var (loops, store) in _instances)
        {
            await store.CloseAsync();
            loops.Dispose();
        }

        _instances.Clear();
        _server.Dispose();
    }

    [Test]
    public async Task Four_instances_at_the_same_time_never_allow_more_and_in_the_end_all([Values] bool isQuota)
    {
        const int Most = 2_000;
        var rule = isQuota ? new LimitRule { Quota = new Quota(Most, QuotaPeriod.Month) } : new LimitRule { Rate = new Rate(Most, TimeSpan.FromHours(1)) };
        var instances = Enumerable.Range(0, 4).Select(_ => Instance(rule)).ToList();
        var allowed = await Task.WhenAll(instances.Select(instance => instance.Loops.Run(async () =>
        {
            var count = 0;
            for (var round = 0; round < Most; round++)
            {
                count += (await instance.Limit.TakeAsync(new LimitKey(7, "ann"u8), 1)).Allowed ? 1 : 0;
            }

            return count;
        })));
        Assert.That(allowed.Sum(), Is.EqualTo(Most));
        Assert.That(instances.Sum(instance => instance.Limit.Asked), Is.LessThan(Most), "it is asked less often than once for each");
    }

    [Test]
    public async Task A_frozen_server_costs_what_is_not_leased_and_is_found_again([Values] StoreFailure onFailure)
    {
        var (loops, limit) = Instance(new LimitRule { Rate = new Rate(10_000, TimeSpan.FromHours(1)) }, onFailure);
        for (var round = 0; round < 100; round++)
        {
            Assert.That((await Take(loops, limit)).Allowed);
        }

        Assert.That(() => limit.Held, Is.Positive.After(Loopback.TimeoutMs, 5));
        _server.Freeze();
        var held = limit.Held;
        for (; held > 0; held--)
        {
            Assert.That(await Take(loops, limit), Has.Property(nameof(LimitAnswer.Allowed)).True.And.Property(nameof(LimitAnswer.IsAlone)).False);
        }

        var alone = await Take(loops, limit);
        Assert.That((alone.Allowed, alone.IsAlone, alone.IsUnavailable), Is.EqualTo(onFailure == StoreFailure.Deny ? (false, false, true) : (true, true, false)));

        _server.Thaw();
        Assert.That(() => Take(loops, limit).Result, Has.Property(nameof(LimitAnswer.IsAlone)).False.And.Property(nameof(LimitAnswer.IsUnavailable)).False.After(Loopback.TimeoutMs, 5));
    }

    [Test]
    public async Task An_emptied_server_counts_from_the_beginning()
    {
        var (loops, limit) = Instance(new LimitRule { Rate = new Rate(5, TimeSpan.FromHours(1)) });
        Assert.That((await Take(loops, limit, 5)).Allowed);
        _server.Ask("FLUSHALL");
        _server.Ask("SCRIPT", "FLUSH");
        Assert.That((await Take(loops, limit, 5)).Allowed);
        Assert.That((await Take(loops, limit)).Allowed, Is.False);
    }

    [Test]
    public async Task The_store_knows_nobody_by_name_and_forgets_everybody_in_time()
    {
        LimitRule[] rules =
        [
            new() { Rate = new Rate(5, TimeSpan.FromSeconds(1)) }, new() { Rate = new Rate(5, TimeSpan.FromSeconds(1)), Burst = 10 },
            new() { Quota = new Quota(5, QuotaPeriod.Day) }, new() { Quota = new Quota(5, QuotaPeriod.Month) },
        ];
        foreach (var rule in rules)
        {
            var (loops, limit) = Instance(rule);
            Assert.That((await Take(loops, limit)).Remaining, Is.EqualTo(rule.Most - 1));
        }

        var keys = _server.Ask("KEYS", "*");
        var names = Enumerable.Range(0, keys.Count).Select(index => Encoding.ASCII.GetString(keys[index].Text)).ToList();
        Assert.That(names, Has.Count.EqualTo(rules.Length).And.All.Match("^lb:trips:free:{[0-9a-f]{32}}:(lw|lb|qd|qm)$"));
        Assert.That(names.Select(name => _server.Ask("PTTL", name).Number), Is.All.InRange(1, 32L * 24 * 3600 * 1000));
    }

    [Test]
    public async Task A_store_that_is_closed_has_given_everything_back()
    {
        var rule = new LimitRule { Rate = new Rate(1_000, TimeSpan.FromHours(1)) };
        var (first, second) = (Instance(rule), Instance(rule));
        for (var round = 0; round < 100; round++)
        {
            Assert.That((await Take(first.Loops, first.Limit)).Allowed);
        }

        Assert.That(() => first.Limit.Held, Is.Positive.After(Loopback.TimeoutMs, 5));
        await _instances[0].Store.CloseAsync();
        Assert.That((await Take(second.Loops, second.Limit)).Remaining, Is.EqualTo(899));
    }

    private static Task<LimitAnswer> Take(TestLoops loops, LeasedLimit limit, int cost = 1) => loops.Run(() => limit.TakeAsync(new LimitKey(7, "ann"u8), cost));

    private (TestLoops Loops, LeasedLimit Limit) Instance(LimitRule rule, StoreFailure onFailure = StoreFailure.Deny)
    {
        Assert.That(RedisAddressKind.TryParse(_server.Url, out var address), Is.True);
        var loops = new TestLoops();
        var options = new RedisOptions { Address = [address], Timeout = TimeSpan.FromMilliseconds(200) };
        var client = new RedisClient(options, loops.Group.Loops, TimeProvider.System, null, static _ => { }, error => loops.Escaped.Enqueue(error));
        client.Open();
        Assert.That(() => client.AskAsync("PING").Result.IsGood, Is.True.After(Loopback.TimeoutMs, 5));
        var store = new RedisLimitStore(client, loops.Group.Loops);
        _instances.Add((loops, store));
        var spec = new LimitSpec("trips", "free", rule, LimitMode.Leased, onFailure);
        return (loops, (LeasedLimit)store.Create(spec, onFailure == StoreFailure.Local ? new LocalLimit(spec, TimeProvider.System) : null, TimeProvider.System));
    }
}
