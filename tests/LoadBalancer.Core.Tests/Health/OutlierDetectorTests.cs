using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Health;
using LoadBalancer.Tests.Balancing;

namespace LoadBalancer.Tests.Health;

public sealed class OutlierDetectorTests
{
    private static readonly PassiveHealthOptions ThreeInTenSeconds = new() { Failures = 3, Consecutive = null, Within = TimeSpan.FromSeconds(10) };
    private static readonly Fault Refused = new(FaultSide.Upstream, FaultKind.ConnectRefused, Retryable: true);

    private readonly Endpoint _endpoint = Members.Endpoint(1);
    private ManualTime _time = null!;
    private int _reports;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _reports = 0;
    }

    [Test]
    public void Reports_when_enough_failures_fall_into_the_window()
    {
        var detector = Detector();
        Fail(detector, 2);
        Assert.That(_reports, Is.Zero);

        Fail(detector, 1);
        Assert.That(_reports, Is.EqualTo(1));
    }

    [Test]
    public void Lets_the_window_slide()
    {
        var detector = Detector();
        for (var second = 0; second < 100; second += 6)
        {
            Fail(detector, 1);
            _time.Advance(TimeSpan.FromSeconds(6));
        }

        Assert.That(_reports, Is.Zero, "never three within ten seconds");

        Fail(detector, 2);
        Assert.That(_reports, Is.EqualTo(1));
    }

    [Test]
    public void Reports_once_until_it_is_rearmed()
    {
        var detector = Detector();
        Fail(detector, 100);
        Assert.That(_reports, Is.EqualTo(1));

        detector.Rearm();
        Fail(detector, 2);
        Assert.That(_reports, Is.EqualTo(1), "what was before is forgotten");

        Fail(detector, 1);
        Assert.That(_reports, Is.EqualTo(2));
    }

    [Test]
    public void Is_quiet_for_a_window_after_a_pause()
    {
        var detector = Detector();
        Fail(detector, 3);
        detector.Pause();
        _time.Advance(TimeSpan.FromSeconds(9));
        Fail(detector, 100);
        Assert.That(_reports, Is.EqualTo(1));

        _time.Advance(TimeSpan.FromSeconds(2));
        Fail(detector, 3);
        Assert.That(_reports, Is.EqualTo(2));
    }

    [TestCase(FaultKind.ConnectRefused, 1)]
    [TestCase(FaultKind.ConnectTimeout, 1)]
    [TestCase(FaultKind.ConnectUnreachable, 1)]
    [TestCase(FaultKind.Reset, 1)]
    [TestCase(FaultKind.EarlyClose, 1)]
    [TestCase(FaultKind.IdleTimeout, 0)]
    [TestCase(FaultKind.HalfClosedTimeout, 0)]
    [TestCase(FaultKind.Drained, 0)]
    [TestCase(FaultKind.OutOfResources, 0)]
    public void Counts_failed_connects_resets_and_early_closes_alone(FaultKind kind, int reports)
    {
        Fail(Detector(), 3, new Fault(FaultSide.Upstream, kind));

        Assert.That(_reports, Is.EqualTo(reports));
    }

    [Test]
    public void Takes_a_single_failure_where_the_file_says_one()
    {
        Fail(Detector(new PassiveHealthOptions { Failures = 1 }), 1);

        Assert.That(_reports, Is.EqualTo(1));
    }

    [TestCase(5, Description = "more failures are needed after the reload")]
    [TestCase(3)]
    [TestCase(2, Description = "fewer are needed")]
    public void Goes_on_where_the_one_before_it_stood(int failures)
    {
        var before = Detector();
        Fail(before, 1);
        _time.Advance(TimeSpan.FromSeconds(5));
        Fail(before, 1);

        var after = Detector(ThreeInTenSeconds with { Failures = failures }, before);
        Fail(after, Math.Max(0, failures - 3));
        Assert.That(_reports, Is.Zero);

        Fail(after, 1);
        Assert.That(_reports, Is.EqualTo(1));
    }

    [Test]
    public void Reports_once_however_many_threads_fail()
    {
        var detector = Detector();
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ => Fail(detector, 10_000));

        Assert.That(_reports, Is.EqualTo(1));
    }

    private OutlierDetector Detector(PassiveHealthOptions? options = null, OutlierDetector? earlier = null) =>
        new(options ?? ThreeInTenSeconds, _time, (_, _, _) => Interlocked.Increment(ref _reports), earlier);

    private void Fail(OutlierDetector detector, int times, Fault? fault = null)
    {
        for (var failure = 0; failure < times; failure++)
        {
            detector.Failed(_endpoint, fault ?? Refused, answered: false);
        }
    }
}
