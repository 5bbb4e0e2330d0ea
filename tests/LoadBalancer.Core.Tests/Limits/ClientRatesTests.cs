using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

internal sealed class ClientRatesTests
{
    private const int Rate = 10;

    private readonly ManualTime _time = new();
    private ClientRates _rates = null!;

    [SetUp]
    public void Begin() => _rates = new ClientRates(new SlidingWindow(new Rate(Rate, TimeSpan.FromMinutes(1)), _time), _time);

    [Test]
    public void Each_client_has_its_own_rate()
    {
        Assert.That(Enumerable.Range(0, 15).Count(_ => _rates.TryTake(1)), Is.EqualTo(Rate));
        Assert.That(Enumerable.Range(0, 15).Count(_ => _rates.TryTake(2)), Is.EqualTo(Rate));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(Enumerable.Range(0, 15).Count(_ => _rates.TryTake(1)), Is.EqualTo(Rate));
    }

    [Test]
    public void A_million_clients_take_no_more_room_than_the_table_has_and_one_at_its_limit_is_not_forgotten()
    {
        var random = new Random(5);
        var spent = Enumerable.Range(0, 1000).Select(_ => Random(random)).ToList();
        Assert.That(spent.Count(client => Enumerable.Range(0, Rate).All(_ => _rates.TryTake(client))), Is.EqualTo(spent.Count));
        for (var client = 0; client < 1_000_000; client++)
        {
            _rates.TryTake(Random(random));
        }

        Assert.That(_rates.Count, Is.InRange(ClientRates.MostClients / 2, ClientRates.MostClients));
        Assert.That(spent.Count(_rates.TryTake), Is.Zero, "clients at their limit that were forgotten");
    }

    [Test]
    public void Clients_whose_window_is_over_give_their_room_away_before_the_table_grows()
    {
        var random = new Random(5);
        for (var minute = 0; minute < 20; minute++)
        {
            for (var client = 0; client < 2000; client++)
            {
                _rates.TryTake(Random(random));
            }

            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.That(_rates.Count, Is.LessThan(12_000));
    }

    [Test]
    public async Task Loops_that_count_at_the_same_time_let_pass_exactly_the_rate()
    {
        var loops = Enumerable.Range(0, 4).Select(seed => Task.Factory.StartNew(
            () =>
            {
                var passed = new int[16];
                for (var round = 0; round < 20_000; round++)
                {
                    passed[round % 16] += _rates.TryTake((ulong)(round % 16)) ? 1 : 0;
                }

                return passed;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        var all = await Task.WhenAll(loops);
        Assert.That(Enumerable.Range(0, 16).Select(client => all.Sum(passed => passed[client])), Is.All.EqualTo(Rate));
    }

    [Test]
    public async Task Loops_on_one_client_never_pass_the_rate_in_any_window_while_the_clock_runs([Values(10, 200)] int rate, [Values] bool bucket)
    {
        var window = TimeSpan.FromMilliseconds(20);
        Limiter limiter = bucket ? new TokenBucket(new Rate(rate, window), burst: 1, TimeProvider.System) : new SlidingWindow(new Rate(rate, window), TimeProvider.System);
        var passed = new Recording(limiter);
        var rates = new ClientRates(passed, TimeProvider.System);
        var loops = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (var round = 0; round < 50_000; round++)
                {
                    rates.TryTake(7);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        await Task.WhenAll(loops);

        var times = passed.Times;
        var ticks = (long)(window.TotalSeconds * TimeProvider.System.TimestampFrequency);
        Assert.That(times.Zip(times.Skip(1)).All(pair => pair.First <= pair.Second), "the limiter sees one order of times");
        var most = bucket ? rate + 1 : rate;
        Assert.That(times.Zip(times.Skip(most)).All(pair => pair.Second - pair.First >= ticks), "more than the rate within a window");
        Assert.That(times, Is.Not.Empty);
    }

    [Test]
    public void The_clock_on_the_wall_is_not_looked_at()
    {
        var now = 0L;
        var time = new MonotonicTime(() => now, 1000);
        foreach (Limiter limiter in new Limiter[] { new SlidingWindow(new Rate(Rate, TimeSpan.FromSeconds(1)), time), new TokenBucket(new Rate(Rate, TimeSpan.FromSeconds(1)), Rate, time) })
        {
            var rates = new ClientRates(limiter, time);
            Assert.That(Enumerable.Range(0, 15).Count(_ => rates.TryTake(1)), Is.EqualTo(Rate));
            now += 1000;
            Assert.That(Enumerable.Range(0, 15).Count(_ => rates.TryTake(1)), Is.EqualTo(Rate));
        }
    }

    [Test]
    public void More_clients_of_the_largest_rate_than_fit_cost_no_more_than_the_documented_memory()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var rates = new ClientRates(new SlidingWindow(new Rate(999_999_999, TimeSpan.FromHours(1)), _time), _time);
        var random = new Random(5);
        for (var client = 0; client < 2 * ClientRates.MostClients; client++)
        {
            rates.TryTake(Random(random));
        }

        Assert.That((GC.GetTotalMemory(forceFullCollection: true) - before) / 1e6, Is.LessThan(20), "MB");
        Assert.That(rates.Count, Is.LessThanOrEqualTo(ClientRates.MostClients));
    }

    [Test]
    public void A_client_at_its_limit_has_to_wait_and_asking_counts_nothing()
    {
        Assert.That(_rates.WaitOf(1), Is.EqualTo(TimeSpan.Zero));
        _rates.TryTake(1);
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.That(Enumerable.Range(0, Rate - 1).All(_ => _rates.WaitOf(1) == TimeSpan.Zero && _rates.TryTake(1)));
        Assert.That((_rates.WaitOf(1), _rates.WaitOf(2)), Is.EqualTo((TimeSpan.FromSeconds(40), TimeSpan.Zero)));
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.That((_rates.WaitOf(1), _rates.TryTake(1), _rates.TryTake(1)), Is.EqualTo((TimeSpan.Zero, true, false)));
    }

    [Test]
    public void Whoever_waits_as_long_as_it_is_told_is_counted_and_nobody_who_waits_less([Values(1, 5, 32, 33, 60, 1000)] int count, [Values] bool bucket)
    {
        const long Window = TimeSpan.TicksPerSecond;
        Limiter limiter = bucket
            ? new TokenBucket(new Rate(count, TimeSpan.FromSeconds(1)), burst: 3, new MonotonicTime(() => 0, Window))
            : new SlidingWindow(new Rate(count, TimeSpan.FromSeconds(1)), new MonotonicTime(() => 0, Window));
        var cells = new long[limiter.Cells];
        var random = new Random(count);
        var (now, waits) = (0L, 0);
        for (var round = 0; round < 5000; round++)
        {
            now += random.NextInt64(Window / count);
            var wait = limiter.Wait(cells, now);
            if (wait > 0)
            {
                waits++;
                Assert.That(limiter.TryTake([.. cells], now), Is.False, "it has to wait");
                Assert.That(limiter.TryTake([.. cells], now + wait - 1), Is.False, "all of that");
                now += random.Next(2) * wait;
            }

            var isOver = limiter.Wait(cells, now) == 0;
            Assert.That(limiter.TryTake(cells, now), Is.EqualTo(isOver));
        }

        Assert.That(waits, Is.Positive);
    }

    [Test]
    public void Counting_a_known_client_allocates_nothing()
    {
        Assert.That(
            Allocations.Of(() =>
            {
                for (ulong client = 0; client < 1000; client++)
                {
                    _rates.TryTake(client << 50);
                }
            }),
            Is.Zero);
    }

    /// <summary>Notes when something passed; it is asked within the lock of a set.</summary>
    private sealed class Recording(Limiter limiter) : Limiter
    {
        public List<long> Times { get; } = [];

        public override int Cells => limiter.Cells;

        public override bool TryTake(Span<long> cells, long now)
        {
            if (!limiter.TryTake(cells, now))
            {
                return false;
            }

            Times.Add(now);
            return true;
        }

        public override double Used(ReadOnlySpan<long> cells, long now) => limiter.Used(cells, now);

        public override long Wait(ReadOnlySpan<long> cells, long now) => limiter.Wait(cells, now);
    }

    private static ulong Random(Random random) => (ulong)random.NextInt64(long.MinValue, long.MaxValue);
}
