using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Reloading;

internal sealed class ReloadGuardTests
{
    private static readonly GuardOptions Options = new();

    private RouteMetrics _metrics = null!;
    private ManualTime _time = null!;
    private ReloadGuard _guard = null!;
    private int _worse;

    private GuardedRoute Route => new("web", _metrics, Admission(new RouteOptions { Path = "/users" }));

    [SetUp]
    public void Start()
    {
        (_time, _metrics, _worse) = (new ManualTime(), new RouteMetrics("users", loops: 1), 0);
        _guard = new ReloadGuard(_time, LogSink.Silent) { OnWorse = () => _worse++ };
        _guard.Follow(() => [Route], guarded: true);
    }

    [TearDown]
    public void End() => _guard.Dispose();

    [TestCase(500, "5xx")]
    [TestCase(401, "401")]
    [TestCase(403, "403")]
    [TestCase(404, "404")]
    [TestCase(429, "429")]
    public void A_status_that_grows_beyond_its_bound_is_found_once_and_named(int status, string measure)
    {
        Before(996, 200);
        Before(4, status);
        Begin();
        Serve(180, 200);
        Serve(20, status);
        Seconds(3);
        Assert.That(_worse, Is.EqualTo(1));
        Assert.That(_guard.Finding, Is.EqualTo(new GuardFinding("web", "users", measure, 0.004, 0.1, 200)));
        Assert.That(_guard.Finding!.ToString(), Is.EqualTo($"route users of listener web: {measure} was 0.4% and is 10%, of 200 requests"));
    }

    [TestCase(1000, 0, 181, 18, TestName = "One request too few since")]
    [TestCase(199, 0, 1800, 200, TestName = "One request too few before")]
    [TestCase(1000, 0, 9810, 190, TestName = "No more than two percentage points")]
    [TestCase(1000, 0, 195, 5, TestName = "More than that, and it may be chance")]
    [TestCase(700, 300, 140, 64, TestName = "As bad as before")]
    public void What_is_too_few_too_little_or_chance_is_let_pass(int goodBefore, int badBefore, int good, int bad)
    {
        Before(goodBefore, 200);
        Before(badBefore, 503);
        Begin();
        Serve(good, 200);
        Serve(bad, 503);
        Seconds(61);
        Assert.That((_worse, _guard.Until), Is.EqualTo((0, (DateTimeOffset?)null)));
    }

    [Test]
    public void Other_statuses_of_4xx_are_the_clients_own()
    {
        Before(1000, 200);
        Begin();
        Serve(1000, 400);
        Seconds(61);
        Assert.That(_worse, Is.Zero);
    }

    [Test]
    public void A_route_that_lets_in_others_may_refuse_more_and_fail_no_more()
    {
        Before(1000, 200);
        _guard.Follow(() => [Route with { Admission = Admission(new RouteOptions { Path = "/users", Methods = ["GET"] }) }], guarded: true);
        Begin();
        Serve(500, 404);
        Seconds(2);
        Assert.That(_worse, Is.Zero);
        Serve(500, 500);
        Seconds(1);
        Assert.That(_guard.Finding!.Measure, Is.EqualTo("5xx"));
    }

    [TestCase(21)]
    [TestCase(40)]
    [TestCase(300)]
    [TestCase(1300)]
    [TestCase(6000)]
    [TestCase(30000)]
    public void The_time_of_99_in_100_may_double_and_is_found_where_it_is_thrice(int milliseconds)
    {
        var (twice, thrice) = (2 * milliseconds, 3 * milliseconds);
        Before(1000, 200, TimeSpan.FromMilliseconds(milliseconds));
        Begin();
        Serve(3000, 200, TimeSpan.FromMilliseconds(twice));
        Seconds(2);
        Assert.That(_worse, Is.Zero);
        Serve(150, 200, TimeSpan.FromMilliseconds(thrice));
        Seconds(1);
        Assert.That(_guard.Finding!.Measure, Is.EqualTo("p99"));
        Assert.That((_guard.Finding.Before * 1000, _guard.Finding.After * 1000), Is.EqualTo(((double)milliseconds, (double)thrice)).Within(20).Percent);
    }

    [Test]
    public void What_got_slower_is_said_in_milliseconds()
    {
        Before(1000, 200, TimeSpan.FromMilliseconds(39));
        Begin();
        Serve(300, 200, TimeSpan.FromMilliseconds(400));
        Seconds(1);
        Assert.That(_guard.Finding!.ToString(), Does.Match(@"^route users of listener web: p99 was \d\d\.\d+ ms and is 4\d\d(\.\d+)? ms, of 300 requests$"));
    }

    [Test]
    public void Ten_milliseconds_more_are_no_harm_and_off_is_any()
    {
        Before(1000, 200, TimeSpan.FromMicroseconds(400));
        Begin();
        Serve(1000, 200, TimeSpan.FromMilliseconds(10));
        Seconds(1);
        Assert.That(_worse, Is.Zero);
        Serve(1000, 200, TimeSpan.FromMilliseconds(15));
        Seconds(1);
        Assert.That(_guard.Finding!.Measure, Is.EqualTo("p99"), "and fifteen are");
        _guard.Begin(Options with { MaxLatencyIncrease = double.PositiveInfinity }, [Route]);
        Serve(1000, 200, TimeSpan.FromMilliseconds(900));
        Seconds(61);
        Assert.That(_worse, Is.EqualTo(1));
    }

    [Test]
    public void Requests_that_began_before_the_reload_do_not_make_it_slow()
    {
        Before(1000, 200, TimeSpan.FromMilliseconds(4));
        Seconds(20);
        var began = _time.GetTimestamp();
        Seconds(1);
        Begin();
        foreach (var _ in Enumerable.Range(0, 30))
        {
            Serve(70, 200, TimeSpan.FromMilliseconds(4));
            Serve(30, 502, _time.GetElapsedTime(began), began);
            Seconds(1);
        }

        Assert.That(_worse, Is.Zero);
    }

    [Test]
    public void What_began_under_a_configuration_that_was_taken_back_and_ends_later_is_no_part_of_what_the_next_is_compared_with()
    {
        Before(1000, 200);
        Begin();
        var began = _time.GetTimestamp();
        Serve(1000, 500);
        Seconds(1);
        _guard.End(takenBack: true);
        Serve(1000, 500, began: began);
        Begin();
        Serve(300, 500);
        Seconds(1);
        Assert.That(_guard.Finding!.Before, Is.Zero);
    }

    [Test]
    public void Only_the_last_five_minutes_count_as_before()
    {
        Before(5000, 500);
        _time.Advance(TimeSpan.FromMinutes(7));
        Serve(300, 200);
        Begin();
        Serve(200, 500);
        Seconds(1);
        Assert.That(_guard.Finding!.Before, Is.Zero);
    }

    [Test]
    public void A_second_reload_is_compared_with_what_was_before_the_first_and_for_the_whole_time()
    {
        Before(1000, 200);
        Begin();
        Serve(150, 500);
        Seconds(50);
        Begin();
        Serve(199, 500);
        Seconds(50);
        Assert.That(_worse, Is.Zero, "those of the first are not counted, and 199 are too few");
        Serve(1, 500);
        Seconds(1);
        Assert.That((_guard.Finding!.Before, _guard.Finding.Requests), Is.EqualTo((0.0, 200L)));
    }

    [Test]
    public void What_was_served_by_a_reload_that_was_taken_back_is_no_part_of_what_the_next_is_compared_with()
    {
        Before(1000, 200);
        Begin();
        Serve(1000, 500);
        Seconds(1);
        _guard.End(takenBack: true);
        Serve(100, 200);
        Begin();
        Serve(1000, 500);
        Seconds(1);
        Assert.That((_worse, _guard.Finding!.Before), Is.EqualTo((2, 0.0)));
    }

    [Test]
    public void Where_nobody_wants_it_no_timer_runs_and_no_counter_is_read()
    {
        _guard.Follow(() => throw new InvalidOperationException("read"), guarded: false);
        Assert.That((_time.ActiveTimers, _metrics.ComparedSince), Is.EqualTo((0, long.MaxValue)));
        Begin();
        Assert.That((_guard.Until, _time.ActiveTimers), Is.EqualTo(((DateTimeOffset?)null, 0)), "nothing is known of before");
    }

    private static RouteAdmission Admission(RouteOptions route) => RouteAdmission.Of([route], new GatewayOptions(), certificates: null);

    private void Begin() => _guard.Begin(Options, [Route]);

    private void Before(int requests, int status, TimeSpan? took = null) => Serve(requests, status, took);

    private void Serve(int requests, int status, TimeSpan? took = null, long? began = null)
    {
        for (var request = 0; request < requests && (began ?? _time.GetTimestamp()) >= _metrics.ComparedSince; request++)
        {
            _metrics.Compared(0, status, took ?? TimeSpan.FromMilliseconds(2));
        }
    }

    private void Seconds(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}
