using LoadBalancer.Configuration;
using LoadBalancer.Limits;
using LoadBalancer.SharedLimits;

namespace LoadBalancer.Tests.SharedLimits;

/// <summary>
/// What ADR 0024 promises, with the real scripts in a real redis-server, in simulated time: random arrivals over up to four instances, costs, requests
/// that give back, ways that delay and lose, instances that end without a word, and clocks apart.
/// </summary>
internal sealed class LeasedBoundTests
{
    private ScriptServer _server = null!;

    [OneTimeSetUp]
    public void Start() => _server = new ScriptServer();

    [OneTimeTearDown]
    public void Stop() => _server.Dispose();

    [Test]
    public void No_window_ever_has_more_than_the_limit([Range(1, 16)] int seed)
    {
        var random = new Random(seed);
        var rule = new LimitRule { Rate = new Rate(random.Next(1, seed % 3 == 0 ? 2_000 : 120), TimeSpan.FromSeconds(random.Next(1, 90))) };
        var uses = Run(rule, random);
        var sum = 0L;
        for (var (first, last) = (0, 0); last < uses.Count; last++)
        {
            sum += uses[last].Cost;
            for (; uses[last].At - uses[first].At >= rule.Rate.Value.Window; first++)
            {
                sum -= uses[first].Cost;
            }

            Assert.That(sum, Is.LessThanOrEqualTo(rule.Rate.Value.Count), $"{rule} in the window that ends at {uses[last].At}");
        }
    }

    [Test]
    public void No_interval_ever_has_more_than_the_burst_and_what_the_rate_earns([Range(101, 116)] int seed)
    {
        var random = new Random(seed);
        var rule = new LimitRule { Rate = new Rate(random.Next(1, 300), TimeSpan.FromSeconds(random.Next(1, 60))), Burst = random.Next(1, 400) };
        var (missing, at) = (0.0, TimeSpan.Zero);
        foreach (var use in Run(rule, random))
        {
            missing = Math.Max(0, missing - ((use.At - at) / rule.Rate.Value.Window * rule.Rate.Value.Count)) + use.Cost;
            at = use.At;
            Assert.That(missing, Is.LessThanOrEqualTo(rule.Burst + 1e-3), $"{rule} at {at}");
        }
    }

    [Test]
    public void No_period_ever_has_more_than_the_quota([Range(201, 204)] int seed)
    {
        var random = new Random(seed);
        var start = new DateTimeOffset(2026, 11, 30, 23, 59, 0, TimeSpan.Zero);
        var rule = new LimitRule { Quota = new Quota(random.Next(1, 1_000), seed % 2 == 0 ? QuotaPeriod.Day : QuotaPeriod.Month) };
        foreach (var period in Run(rule, random, start).GroupBy(use => rule.Quota.Value.Period == QuotaPeriod.Day ? (start + use.At).Day : (start + use.At).Month))
        {
            Assert.That(period.Sum(use => use.Cost), Is.LessThanOrEqualTo(rule.Quota.Value.Count), $"{rule} in period {period.Key}");
        }
    }

    private static TimeSpan Milliseconds(double count) => TimeSpan.FromMilliseconds(count);

    private List<(TimeSpan At, int Cost)> Run(LimitRule rule, Random random, DateTimeOffset? start = null)
    {
        const int Requests = 1_500;

        // NUnit's context would take what waits to another thread, and so to another time.
        SynchronizationContext.SetSynchronizationContext(null);
        _server.Flush();
        var time = new ManualTime(start);
        var began = time.GetTimestamp();
        var uses = new List<(TimeSpan At, int Cost)>();
        var instances = new LeasedLimit[random.Next(1, 5)];
        for (var index = 0; index < instances.Length; index++)
        {
            instances[index] = Instance(rule, time, random);
        }

        // How much more comes than is allowed, at a pace that changes.
        var window = rule.Rate?.Window ?? TimeSpan.FromMinutes(2);
        var pace = window / Math.Max(1, rule.Most) / Math.Pow(10, random.NextDouble() * 1.5);
        for (var request = 0; request < Requests; request++)
        {
            if (random.Next(300) == 0)
            {
                instances[random.Next(instances.Length)] = Instance(rule, time, random);
            }

            if (random.Next(100) == 0)
            {
                pace = window / Math.Max(1, rule.Most) / Math.Pow(10, random.NextDouble() * 1.5);
            }

            time.Advance(random.Next(50) == 0 ? window * random.NextDouble() : random.Next(3) == 0 ? TimeSpan.Zero : pace * random.NextDouble() * 3);
            Use(instances[random.Next(instances.Length)], random.Next(10) == 0 ? random.Next(1, 4) : 1, random.Next(10) == 0);
        }

        time.Advance(SimulatedLeaseStore.Deadline);

        // Where a request waited for the store it is counted when it came, or when it was answered: the store's answer lies between.
        uses.Sort((left, right) => left.At.CompareTo(right.At));
        return uses;

        async void Use(LeasedLimit limit, int cost, bool givesBack)
        {
            var came = time.GetElapsedTime(began);
            var answer = await limit.TakeAsync(new LimitKey(7, "caller"u8), cost);
            if (!answer.Allowed)
            {
                return;
            }

            if (givesBack)
            {
                limit.Return(new LimitKey(7, "caller"u8), cost);
            }
            else
            {
                uses.Add((came + ((time.GetElapsedTime(began) - came) / 2), cost));
            }
        }
    }

    private LeasedLimit Instance(LimitRule rule, ManualTime time, Random random)
    {
        // The way there takes as long as the way back, so that a test knows when the store was asked.
        var (way, loses) = (random.Next(3) * 10, random.Next(3) == 0);
        var store = new SimulatedLeaseStore(_server, time, rule);
        var isThere = false;
        var next = TimeSpan.Zero;
        store.Way = () =>
        {
            isThere = !isThere;
            return next = isThere ? Milliseconds(loses && random.Next(10) == 0 ? 1_000 : random.Next(way + 1)) : loses && random.Next(10) == 0 ? Milliseconds(1_000) : next;
        };
        return new LeasedLimit(new LimitSpec("l", "p", rule, LimitMode.Leased, StoreFailure.Deny), store, null, new SkewedTime(time, Milliseconds(random.Next(-2_000, 2_000))));
    }

    /// <summary>A clock that is some time ahead of another.</summary>
    private sealed class SkewedTime(TimeProvider time, TimeSpan ahead) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + ahead;

        public override long GetTimestamp() => time.GetTimestamp() + ahead.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
    }
}
