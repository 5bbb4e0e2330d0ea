using LoadBalancer.Endpoints;

namespace LoadBalancer.Tests.Endpoints;

public sealed class PeakLatencyTests
{
    private readonly ManualTime _time = new();
    private PeakLatency _latency = null!;

    [SetUp]
    public void SetUp() => _latency = new PeakLatency(_time);

    [Test]
    public void Is_zero_before_the_first_answer_and_never_after_it()
    {
        Assert.That(Average, Is.Zero);

        _latency.Observe(TimeSpan.Zero);
        _time.Advance(TimeSpan.FromDays(20));
        Assert.That(Average, Is.Positive);
    }

    [Test]
    public void Takes_a_peak_at_once()
    {
        Observe(1);
        Observe(50);

        Assert.That(Average, Is.EqualTo(50_000));
    }

    [Test]
    public void Comes_down_slowly_by_the_time_that_has_passed()
    {
        Observe(100);
        _time.Advance(TimeSpan.FromSeconds(5));
        Observe(1);

        // τ is 5 s: 1/e of the old one, and the rest of the new one.
        Assert.That(Average, Is.EqualTo((100_000 / Math.E) + (1_000 * (1 - (1 / Math.E)))).Within(1).Percent);
    }

    [Test]
    public void Forgets_what_was_long_ago()
    {
        Observe(1_000);
        _time.Advance(TimeSpan.FromSeconds(35));

        Assert.That(Average, Is.EqualTo(1_000_000 * Math.Exp(-7)).Within(1).Percent);
    }

    [Test]
    public void Counts_on_when_its_clock_of_milliseconds_wraps()
    {
        _time.Advance(TimeSpan.FromMilliseconds(uint.MaxValue - 1_000.0));
        Observe(100);
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.That(Average, Is.EqualTo(100_000 / Math.E).Within(1).Percent);
    }

    [Test]
    public void Stays_among_what_eight_threads_observed()
    {
        Parallel.For(0, 8, thread =>
        {
            for (var answer = 0; answer < 20_000; answer++)
            {
                Observe(1 + thread);
            }
        });

        Assert.That(Average, Is.InRange(1_000, 8_000));
    }

    private float Average => _latency.At(_latency.NowMs);

    private void Observe(double ms) => _latency.Observe(TimeSpan.FromMilliseconds(ms));
}
