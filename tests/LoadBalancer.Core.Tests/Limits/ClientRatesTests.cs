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

    private static ulong Random(Random random) => (ulong)random.NextInt64(long.MinValue, long.MaxValue);
}
