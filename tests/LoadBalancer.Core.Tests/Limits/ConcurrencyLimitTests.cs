using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

/// <summary>What a limit makes of a group of servers whose capacity it is not told.</summary>
internal sealed class ConcurrencyLimitTests
{
    private const double ServiceTime = 0.02;

    private static readonly (string Name, Func<Random, double> Draw)[] Services =
    [
        ("exponential", static random => -ServiceTime * Math.Log(1 - random.NextDouble())),
        ("uniform", static random => ServiceTime * (0.5 + random.NextDouble())),
        ("one in ten eleven times as long", static random => ServiceTime * (random.NextDouble() < 0.9 ? 0.5 : 5.5)),
    ];

    private static IEnumerable<TestCaseData> Groups() =>
        from service in Services
        from servers in service.Draw == Services[0].Draw ? new[] { 16, 64, 256 } : [16, 64]
        select new TestCaseData(service.Draw, servers).SetArgDisplayNames(service.Name, servers.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>What must be reached: under three times what they can take, 90 % of it is done in time, and for the important nothing much changes.</summary>
    [TestCaseSource(nameof(Groups))]
    public void Keeps_nine_tenths_of_the_capacity_and_the_important_within_twice_their_time_under_three_times_the_load(Func<Random, double> service, int servers)
    {
        var capacity = servers / ServiceTime;
        var group = new SimulatedOverload(seed: servers, service) { Servers = servers, Rate = capacity / 2 };
        group.Run(5);
        group.Forget();
        group.Run(10);
        var quiet = group.Quantile(Importance.High, 0.99);
        Assert.That(group.Arrived.Count(request => request.IsRefused), Is.Zero, "at half the load");

        group.Forget();
        group.Rate = 3 * capacity;
        var seconds = servers > 16 ? 10 : 30;
        group.Run(seconds);
        Assert.That(group.Goodput(seconds), Is.GreaterThan(0.9 * capacity));
        Assert.That(group.Quantile(Importance.High, 0.99), Is.LessThan(2 * quiet));
        Assert.That(group.Share(Importance.High), Is.LessThan(0.01));
        Assert.That(group.Share(Importance.Low), Is.GreaterThan(group.Share(Importance.Normal) + 0.2), "the low goes first");
    }

    [Test]
    public void Is_what_makes_the_difference()
    {
        var group = new SimulatedOverload(seed: 1, Services[0].Draw) { IsLimited = false, Rate = 3 * 16 / ServiceTime };
        group.Run(20);
        Assert.That(group.Goodput(20), Is.LessThan(0.2 * 16 / ServiceTime));
    }

    [Test]
    public void Lets_a_group_that_was_never_asked_before_be_asked_for_half_of_what_it_can_take_at_once()
    {
        foreach (var servers in new[] { 4, 16, 64, 256 })
        {
            var group = new SimulatedOverload(seed: 2, Services[1].Draw) { Servers = servers, Rate = servers / ServiceTime / 2 };
            group.Run(10);
            Assert.That(group.Arrived.Count(request => request.IsRefused), Is.Zero, $"{servers} servers");
        }
    }

    [TestCase(0.5)]
    [TestCase(2)]
    public void Follows_a_step_of_the_capacity(double factor)
    {
        var group = Overloaded(servers: 32, seconds: 10);
        group.Servers = (int)(32 * factor);
        group.Rate *= factor;
        group.Run(3);
        group.Forget();
        group.Run(10);
        Assert.That(group.Goodput(10), Is.GreaterThan(0.9 * 32 * factor / ServiceTime));
        Assert.That(group.Limit, Is.InRange(0.7 * 32 * factor, 2.5 * 32 * factor));
    }

    [TestCase(2)]
    [TestCase(0.5)]
    public void Finds_a_new_base_when_each_answer_takes_longer_or_shorter_and_does_not_take_that_for_overload(double factor)
    {
        var group = Overloaded(servers: 32, seconds: 10);
        group.Slowness = _ => factor;
        group.Run(8);
        group.Forget();
        group.Run(10);
        Assert.That(group.Base.TotalSeconds, Is.InRange(0.75 * factor * ServiceTime, 1.5 * factor * ServiceTime));
        Assert.That(group.Goodput(10), Is.GreaterThan(0.9 * 32 / factor / ServiceTime));
    }

    [Test]
    public void Follows_a_slow_drift_in_the_middle_of_an_overload()
    {
        var group = Overloaded(servers: 32, seconds: 10);
        var start = group.Now;
        group.Slowness = now => 1 + ((now - start) / 60);
        for (var part = 0; part < 6; part++)
        {
            group.Forget();
            group.Run(10);
            Assert.That(group.Goodput(10), Is.GreaterThan(0.9 * 32 / ServiceTime / group.Slowness(group.Now)), $"after {part + 1}0 s");
            Assert.That(group.Base.TotalSeconds, Is.InRange(0.7 * ServiceTime * group.Slowness(group.Now), 1.5 * ServiceTime * group.Slowness(group.Now)));
        }
    }

    /// <summary>A base that were learned from answers that waited would rise without end: a minute is 3,000 turns.</summary>
    [Test]
    public void Does_not_drift_in_a_long_overload_and_never_dips_visibly()
    {
        var group = Overloaded(servers: 16, seconds: 10);
        for (var second = 0; second < 60; second++)
        {
            group.Forget();
            group.Run(1);
            Assert.That(group.Goodput(1), Is.GreaterThan(0.75 * 16 / ServiceTime), $"second {second}");
            Assert.That(group.Limit, Is.LessThan(3 * 16), $"second {second}");
        }
    }

    [Test]
    public void Does_not_grow_where_nobody_meets_it()
    {
        var group = new SimulatedOverload(seed: 3, Services[0].Draw) { Servers = 10_000, Rate = 400 };
        group.Run(60);
        Assert.That(group.Limit, Is.LessThanOrEqualTo(ConcurrencyLimit.Start * 2));
    }

    [Test]
    public void Does_not_hold_a_group_that_was_idle_to_an_old_number()
    {
        var group = Overloaded(servers: 4, seconds: 20);
        Assert.That(group.Limit, Is.LessThan(ConcurrencyLimit.Start / 2));
        group.Rate = 0;
        group.Run(60);
        (group.Servers, group.Rate) = (64, 32 / ServiceTime);
        group.Forget();
        group.Run(10);
        Assert.That(group.Arrived.Count(request => request.IsRefused), Is.Zero);
    }

    [Test]
    public void Shrinks_while_requests_fail_and_not_because_of_a_few_that_do()
    {
        var limit = new ConcurrencyLimit(1, TimeProvider.System);
        var now = TimeProvider.System.TimestampFrequency;
        Answer(limit, ref now, answers: 5_000, failEvery: 50);
        var before = limit.Limit;
        Answer(limit, ref now, answers: 1_000, failEvery: 2);
        Assert.That(limit.Limit, Is.LessThan(ConcurrencyLimit.Start / 2));
        Assert.That(before, Is.GreaterThanOrEqualTo(ConcurrencyLimit.Start));

        Answer(limit, ref now, answers: 5_000, failEvery: int.MaxValue);
        Assert.That(limit.Limit, Is.GreaterThan(ConcurrencyLimit.Start), "and grows again");
    }

    [Test]
    public void Does_not_take_delay_of_our_own_for_delay_of_the_servers()
    {
        var limit = new ConcurrencyLimit(1, TimeProvider.System);
        var now = TimeProvider.System.TimestampFrequency;
        Ask(limit, ref now, clients: 8, underWay => (1, 0));
        Assert.That(limit.Base.TotalMilliseconds, Is.EqualTo(1).Within(0.01));

        // We come to an eighth of a millisecond's answers after each other, so that one waits for those of all others.
        Ask(limit, ref now, clients: 200, underWay => (1 + (underWay / 8.0), underWay / 8.0));
        Assert.That(limit.Limit, Is.GreaterThanOrEqualTo(200), "the loop is full");
        Assert.That(limit.Base.TotalMilliseconds, Is.EqualTo(1).Within(0.01), "which says nothing of the servers");

        Ask(limit, ref now, clients: 1000, underWay => (Math.Max(1, underWay / 8.0), 0.1));
        Assert.That(limit.Limit, Is.LessThan(20), "and now they are");
    }

    [Test]
    public void Costs_no_allocation()
    {
        var limit = new ConcurrencyLimit(1, TimeProvider.System);
        var now = TimeProvider.System.TimestampFrequency;
        Assert.That(Allocations.Of(() => Answer(limit, ref now, answers: 10_000, failEvery: 100)), Is.Zero);
    }

    /// <summary>So many clients that ask again when they have their answer get 20,000 of them.</summary>
    /// <param name="limit">The limit.</param>
    /// <param name="now">The time.</param>
    /// <param name="clients">How many they are.</param>
    /// <param name="time">How long an answer takes by how many are under way, and how much of that is our own delay, in milliseconds.</param>
    private static void Ask(ConcurrencyLimit limit, ref long now, int clients, Func<int, (double Took, double Late)> time)
    {
        var millisecond = TimeProvider.System.TimestampFrequency / 1000;
        for (var answer = 1; answer <= 20_000; answer++)
        {
            var underWay = Math.Min(clients, limit.Limit);
            if (underWay < clients)
            {
                limit.Met();
            }

            var (took, late) = time(underWay);
            now += (long)(took * millisecond / underWay);
            limit.Answered(0, (long)(took * millisecond), (long)(late * millisecond), now, underWay);
        }
    }

    /// <summary>Each takes 10 ms and one comes each millisecond, while there is always one that finds no room.</summary>
    private static void Answer(ConcurrencyLimit limit, ref long now, int answers, int failEvery)
    {
        var millisecond = TimeProvider.System.TimestampFrequency / 1000;
        for (var answer = 1; answer <= answers; answer++)
        {
            now += millisecond;
            limit.Met();
            if (answer % failEvery == 0)
            {
                limit.Failed(0, now, 10);
            }
            else
            {
                limit.Answered(0, 10 * millisecond, 0, now, 10);
            }
        }
    }

    private static SimulatedOverload Overloaded(int servers, double seconds)
    {
        var group = new SimulatedOverload(seed: 4, Services[0].Draw) { Servers = servers, Rate = 3 * servers / ServiceTime };
        group.Run(seconds);
        return group;
    }
}
