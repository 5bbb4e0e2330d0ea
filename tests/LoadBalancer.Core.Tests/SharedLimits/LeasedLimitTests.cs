using LoadBalancer.Configuration;
using LoadBalancer.Limits;
using LoadBalancer.SharedLimits;

namespace LoadBalancer.Tests.SharedLimits;

/// <summary>With the real scripts in a real redis-server, in simulated time.</summary>
internal sealed class LeasedLimitTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private ScriptServer _server = null!;
    private ManualTime _time = null!;

    [OneTimeSetUp]
    public void Start() => _server = new ScriptServer();

    [OneTimeTearDown]
    public void Stop() => _server.Dispose();

    [SetUp]
    public void Clear()
    {
        _server.Flush();
        _time = new ManualTime();

        // NUnit's context would take what waits to another thread, and so to another time.
        SynchronizationContext.SetSynchronizationContext(null);
    }

    [Test]
    public void Allows_all_of_a_window_and_never_more_over_four_instances([Values(100, 1_000)] int count)
    {
        var instances = Instances(4, Window(count, Minute));
        var allowed = 0;
        for (var round = 0; round < 40 * count; round++)
        {
            allowed += Take(instances[round % 4]).Allowed ? 1 : 0;
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.That(allowed, Is.EqualTo(count), "all of them, and the end with no lease");
        Assert.That(instances.Sum(instance => instance.Store.Asked.Count), Is.LessThan(count), "fewer questions than requests that were allowed, refused ones included");
    }

    [Test]
    public void Allows_what_the_limit_has_but_for_what_leases_cost([Values(false, true)] bool isBucket)
    {
        const int Windows = 20;
        var rule = isBucket ? Bucket(100, Minute, 100) : Window(100, Minute);
        var instances = Instances(4, rule);
        var random = new Random(1);
        var allowed = 0;
        var pace = Minute / 300;
        for (var round = 0; round < 300 * Windows; round++)
        {
            allowed += Take(instances[random.Next(4)]).Allowed ? 1 : 0;
            _time.Advance(pace);
        }

        TestContext.Out.WriteLine($"allowed {allowed}, asked {instances.Sum(instance => instance.Store.Asked.Count)}");

        // A step and a lease longer than a window each time; of a bucket once what is earned in a lease.
        var least = isBucket ? (100 * Windows) + 100 - (100 / 8) - 1 : 100 * Windows * (Minute / (Minute + LeaseTerms.Of(rule) + (Minute / 64)));
        Assert.That(allowed, Is.GreaterThanOrEqualTo((int)least));
    }

    [Test]
    public void A_caller_that_is_refused_is_not_asked_about_again_for_a_while()
    {
        var (limit, store) = Instances(1, Window(3, Minute))[0];
        for (var round = 0; round < 4; round++)
        {
            Take((limit, store));
        }

        var asked = store.Asked.Count;
        var answer = Take((limit, store));
        Assert.That((answer.Allowed, answer.Wait > TimeSpan.FromSeconds(59), store.Asked.Count), Is.EqualTo((false, true, asked)));
        _time.Advance(LeasedLimit.RefusalMemory);
        Take((limit, store));
        Assert.That(store.Asked, Has.Count.EqualTo(asked + 1), "others may have given back");
    }

    [Test]
    public void One_request_now_and_then_leases_nothing()
    {
        var instance = Instances(1, Window(100, Minute))[0];
        for (var round = 0; round < 50; round++)
        {
            Take(instance);
            _time.Advance(LeaseTerms.Of(Window(100, Minute)) * 2);
        }

        Assert.That((instance.Limit.Leased, instance.Limit.Held), Is.EqualTo((0L, 0L)));
    }

    [Test]
    public void Requests_at_a_steady_pace_do_not_wait_for_the_store()
    {
        var instance = Instances(1, Window(100_000, Minute))[0];
        instance.Store.Way = () => TimeSpan.FromMilliseconds(1);
        var waited = 0;
        for (var round = 0; round < 5_000; round++)
        {
            var answer = Ask(instance.Limit, 1).AsTask();
            waited += answer.IsCompleted ? 0 : 1;
            _time.Advance(TimeSpan.FromMilliseconds(2));
            Assert.That(answer.Result.Allowed);
        }

        Assert.That(waited, Is.LessThan(30), "while it learns how many come");
        Assert.That(instance.Store.Asked, Has.Count.LessThan(60));
    }

    [Test]
    public void What_an_idle_instance_has_leased_comes_back([Values(false, true)] bool isBucket)
    {
        var rule = isBucket ? Bucket(100, Minute, 100) : Window(100, Minute);
        var (idle, busy) = (Instances(1, rule)[0], Instances(1, rule)[0]);
        for (var round = 0; round < 10; round++)
        {
            Take(idle);
        }

        Assert.That(idle.Limit.Held, Is.Positive);
        _time.Advance(LeaseTerms.Of(rule) * 2);
        Assert.That(idle.Limit.Held, Is.Zero);
        Assert.That(idle.Limit.Leased - idle.Limit.Returned + idle.Store.Asked.Sum(each => each.Cost), Is.EqualTo(10));
        Assert.That(Enumerable.Range(0, 200).Count(_ => Take(busy).Allowed), Is.EqualTo(isBucket ? 97 : 90).Within(isBucket ? 4 : 0), "but for what the bucket earned meanwhile");
    }

    [Test]
    public void What_could_not_be_given_back_while_the_store_was_away_comes_back_after_it([Values] bool asksMeanwhile)
    {
        _time = new ManualTime(new DateTimeOffset(2028, 2, 28, 12, 0, 0, TimeSpan.Zero));
        var rule = new LimitRule { Quota = new Quota(1_000, QuotaPeriod.Month) };
        var (first, second) = (Instances(1, rule)[0], Instances(1, rule)[0]);
        for (var round = 0; round < 10; round++)
        {
            Take(first);
        }

        Assert.That(first.Limit.Held, Is.Positive);
        first.Limit.Return(new LimitKey(7, "caller"u8), 1);
        first.Store.IsAway = true;
        for (var round = 0; round < 6; round++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            Assert.That(!asksMeanwhile || Take(first).IsAlone, "nothing of it is used");
        }

        Assert.That((first.Limit.Held, first.Limit.Returned), Is.EqualTo((0L, 0L)));
        first.Store.IsAway = false;
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(Take(second).Remaining, Is.EqualTo(1_000 - 9 - 1));
    }

    [Test]
    public void What_is_left_of_a_lease_that_ends_while_the_store_is_asked_comes_back_as_well()
    {
        _time = new ManualTime(new DateTimeOffset(2028, 2, 28, 12, 0, 0, TimeSpan.Zero));
        var rule = new LimitRule { Quota = new Quota(1_000, QuotaPeriod.Month) };
        var (first, second) = (Instances(1, rule)[0], Instances(1, rule)[0]);
        for (var round = 0; round < 10; round++)
        {
            Take(first);
        }

        Assert.That(first.Limit.Held, Is.Positive);
        _time.Advance(TimeSpan.FromMilliseconds(9_990));
        first.Store.Way = () => TimeSpan.FromMilliseconds(20);
        var more = Ask(first.Limit, 5_000).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.That(more.IsCompleted, Is.False);
        _time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.That(more.Result.Allowed, Is.False, "more than there ever is: nothing is leased with it");

        first.Store.Way = () => TimeSpan.Zero;
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(Take(second).Remaining, Is.EqualTo(1_000 - 10 - 1));
    }

    [Test]
    public void The_refusal_of_a_large_cost_refuses_no_smaller_one([Values(LeaseSlot.MostTokens, LeaseSlot.MostTokens + 1, 600_000, int.MaxValue)] int cost)
    {
        var cell = new LeaseCell(7, [], []);
        cell.Refuse(cost, 1_000);
        Assert.That((cell.IsRefused(1, 0), cell.IsRefused(LeaseSlot.MostTokens - 1, 0)), Is.EqualTo((false, false)));
    }

    [Test]
    public void A_clock_of_the_store_that_was_wrong_once_shuts_nobody_out_for_long()
    {
        const long Second = 1_000_000;
        var now = new DateTimeOffset(2028, 2, 28, 12, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
        var window = _server.Load(LeasedWindowScript.Script.Text);
        Assert.That(Granted(window, 10, 60 * Second, 10, now + 3_600), Is.Zero);
        Assert.That(Granted(window, 10, 60 * Second, 1, now), Is.EqualTo(-1), "nobody gets more");
        Assert.That(Granted(window, 10, 60 * Second, 10, now + 62 + 5), Is.Zero, "all after a window, a lease and a step");

        var quota = _server.Load(LeasedQuotaScript.Script.Text);
        Assert.That(Granted(quota, 10, "month", 10, now + (20 * 24 * 3_600)), Is.Zero);
        Assert.That(Granted(quota, 10, "month", 1, now), Is.EqualTo(-1), "the month before is not given again");
        Assert.That(Granted(quota, 11, "month", 1, now + (400L * 24 * 3_600)), Is.Zero);
        Assert.That(Granted(quota, 10, "month", 10, now), Is.Zero, "a year ahead is not believed");

        long Granted(string script, long count, object period, int cost, long time) => _server.Call(script, script, count, period, 0, 5 * Second, cost, 0, 0, 0, time, 0)[0];
    }

    [Test]
    public void What_a_request_gives_back_can_be_taken_again()
    {
        var instance = Instances(1, Window(100, Minute))[0];
        for (var round = 0; round < 1_000; round++)
        {
            Assert.That(Take(instance).Allowed, "all that was charged came back");
            instance.Limit.Return(new LimitKey(7, "caller"u8), 1);
            _time.Advance(TimeSpan.FromMilliseconds(50));
        }
    }

    [Test]
    public void Leases_are_used_while_the_store_is_silent_and_then_the_file_decides([Values] StoreFailure onFailure)
    {
        var rule = Window(1_000, Minute);
        var alone = new LocalLimit(new LimitSpec("l", "p", rule, LimitMode.Local, onFailure), _time);
        var store = new SimulatedLeaseStore(_server, _time, rule);
        var limit = new LeasedLimit(new LimitSpec("l", "p", rule, LimitMode.Leased, onFailure), store, alone, _time);
        for (var round = 0; round < 20; round++)
        {
            Take((limit, store));
        }

        var held = limit.Held;
        Assert.That(held, Is.Positive);
        store.Way = () => TimeSpan.FromDays(1);
        for (var left = held; left > 0; left--)
        {
            var local = Ask(limit, 1).AsTask();
            Assert.That((local.IsCompleted, local.Result.Allowed, local.Result.IsAlone), Is.EqualTo((true, true, false)));
        }

        var answer = Ask(limit, 1).AsTask();
        _time.Advance(SimulatedLeaseStore.Deadline);
        Assert.That((answer.Result.Allowed, answer.Result.IsUnavailable, answer.Result.IsAlone), Is.EqualTo(onFailure == StoreFailure.Deny ? (false, true, false) : (true, false, true)));

        store.Way = () => TimeSpan.Zero;
        var again = Take((limit, store));
        Assert.That((again.IsAlone, again.IsUnavailable), Is.EqualTo((false, false)), "it is asked again with the next request");
    }

    [Test]
    public void A_quota_is_leased_in_blocks_and_given_out_to_the_last()
    {
        _time = new ManualTime(new DateTimeOffset(2028, 2, 28, 12, 0, 0, TimeSpan.Zero));
        var instances = Instances(2, new LimitRule { Quota = new Quota(50_000, QuotaPeriod.Month) });
        var allowed = 0;
        for (var round = 0; round < 60_000; round++)
        {
            allowed += Take(instances[round % 2]).Allowed ? 1 : 0;
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.That(allowed, Is.EqualTo(50_000));
        Assert.That(instances.Sum(instance => instance.Store.Asked.Count), Is.LessThan(500));
        var refused = Take(instances[0]);
        Assert.That(_time.GetUtcNow() + refused.Wait, Is.EqualTo(new DateTimeOffset(2028, 3, 1, 0, 0, 0, TimeSpan.Zero)).Within(TimeSpan.FromMilliseconds(2)), "a leap year");
        _time.Advance(TimeSpan.FromDays(2));
        Assert.That(Take(instances[0]).Allowed);
    }

    [Test]
    public void A_process_that_ends_gives_everything_back()
    {
        var rule = Window(100, Minute);
        var (leaving, staying) = (Instances(1, rule)[0], Instances(1, rule)[0]);
        for (var round = 0; round < 10; round++)
        {
            Take(leaving);
        }

        leaving.Limit.CloseAsync().GetAwaiter().GetResult();
        Assert.That(leaving.Limit.Held, Is.Zero);
        Assert.That(Enumerable.Range(0, 200).Count(_ => Take(staying).Allowed), Is.EqualTo(90));
    }

    [Test]
    public void A_check_that_finds_tokens_allocates_nothing()
    {
        var instance = Instances(1, Window(1_000_000, Minute))[0];
        for (var round = 0; round < 20_000; round++)
        {
            Take(instance);
            _time.Advance(TimeSpan.FromMilliseconds(0.1));
        }

        var asked = instance.Store.Asked.Count;
        Assert.That(Allocations.Of(() => Take(instance)), Is.Zero);
        Assert.That(instance.Store.Asked, Has.Count.EqualTo(asked), "all of them were found here");
    }

    [Test]
    public void Remembers_no_more_callers_than_its_table_holds()
    {
        var store = new SilentStore();
        var limit = new LeasedLimit(Spec(Window(100, Minute)), store, null, _time);
        for (var caller = 0UL; caller < 50_000; caller++)
        {
            Assert.That(limit.TakeAsync(new LimitKey(caller * 0x9E3779B97F4A7C15, "x"u8), 1).AsTask().Result.Allowed);
        }

        Assert.That(limit.Keys, Is.LessThanOrEqualTo(LeaseTable.MostCells));
    }

    private static LimitSpec Spec(LimitRule rule) => new("l", "p", rule, LimitMode.Leased, StoreFailure.Allow);

    private static LimitRule Window(long count, TimeSpan window) => new() { Rate = new Rate(count, window) };

    private static LimitRule Bucket(long count, TimeSpan window, int burst) => new() { Rate = new Rate(count, window), Burst = burst };

    private static ValueTask<LimitAnswer> Ask(LeasedLimit limit, int cost) => limit.TakeAsync(new LimitKey(7, "caller"u8), cost);

    private static LimitAnswer Take((LeasedLimit Limit, SimulatedLeaseStore Store) instance, int cost = 1)
    {
        var answer = Ask(instance.Limit, cost);
        return answer.IsCompletedSuccessfully ? answer.Result : answer.AsTask().Result;
    }

    private List<(LeasedLimit Limit, SimulatedLeaseStore Store)> Instances(int count, LimitRule rule)
    {
        var instances = new List<(LeasedLimit, SimulatedLeaseStore)>();
        for (var instance = 0; instance < count; instance++)
        {
            var store = new SimulatedLeaseStore(_server, _time, rule);
            instances.Add((new LeasedLimit(Spec(rule), store, null, _time), store));
        }

        return instances;
    }

    private sealed class SilentStore : ILeaseStore
    {
        public ValueTask<LeaseReply> AskAsync(in LeaseRequest request) => default;
    }
}
