using System.Collections.Immutable;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Tests.Balancing;

namespace LoadBalancer.Tests.Health;

public sealed class HealthMonitorTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly ActiveHealthOptions EveryFiveSeconds = new() { Jitter = 0 };

    private readonly List<HealthMonitor> _monitors = [];
    private ManualTime _time = null!;
    private ScriptedProbe _probe = null!;

    [SetUp]
    public void SetUp()
    {
        // As in the daemon. NUnit's own context would post continuations away; without one they run within Advance.
        SynchronizationContext.SetSynchronizationContext(null);
        _time = new ManualTime();
        _probe = new ScriptedProbe(_time);
    }

    [TearDown]
    public async Task TearDown()
    {
        foreach (var monitor in _monitors)
        {
            await monitor.DisposeAsync();
        }

        _monitors.Clear();
    }

    [Test]
    public void Probes_new_endpoints_at_once_and_not_all_in_one_moment()
    {
        Start(Endpoints(4), EveryFiveSeconds);
        _time.Advance(Second);

        Assert.That(_probe.Asked.Select(asked => asked.At.TotalMilliseconds), Is.EqualTo(new[] { 0, 250, 500, 750 }));
    }

    [Test]
    public void Probes_each_endpoint_once_an_interval()
    {
        var endpoints = Endpoints(2);
        Start(endpoints, EveryFiveSeconds);
        _time.Advance(20 * Second);

        Assert.That(_probe.TimesOf(endpoints[0].Address).Select(at => at.TotalSeconds), Is.EqualTo(new[] { 0, 5, 10, 15, 20 }));
    }

    [Test]
    public void Spreads_many_endpoints_over_the_whole_interval_after_their_first_probes()
    {
        Start(Endpoints(100), EveryFiveSeconds);
        _time.Advance(20 * Second);
        _probe.Asked.Clear();
        _time.Advance(5 * Second);
        var bySecond = _probe.Asked.GroupBy(asked => (int)asked.At.TotalSeconds).Select(group => group.Count()).ToArray();

        Assert.That(bySecond.Sum(), Is.EqualTo(100).Within(1), "each once");
        Assert.That(bySecond.Max(), Is.LessThanOrEqualTo(25), "about twenty a second");
    }

    [Test]
    public void Draws_each_interval_within_the_jitter()
    {
        var endpoints = Endpoints(1);
        Start(endpoints, EveryFiveSeconds with { Jitter = 0.1 });
        _time.Advance(500 * Second);
        var times = _probe.TimesOf(endpoints[0].Address).ToArray();
        var intervals = times.Zip(times.Skip(1), (one, next) => (next - one).TotalSeconds).ToArray();

        Assert.That(intervals, Is.All.InRange(4.5, 5.5));
        Assert.That(intervals.Distinct().Count(), Is.GreaterThan(intervals.Length / 2));
    }

    [Test]
    public void Says_once_when_a_verdict_changes()
    {
        var endpoints = Endpoints(1);
        var told = Start(endpoints, EveryFiveSeconds);
        _time.Advance(5 * Second);
        _probe.Fail(endpoints[0].Address);
        _time.Advance(60 * Second);

        Assert.That(told, Is.EqualTo(new[] { HealthVerdict.Healthy, HealthVerdict.Unhealthy }));
    }

    [Test]
    public void Fails_a_probe_without_an_answer_within_the_timeout()
    {
        var endpoints = Endpoints(1);
        _probe.Answer(endpoints[0].Address, NeverAsync);
        Start(endpoints, EveryFiveSeconds);
        _time.Advance(2 * Second);

        Assert.That(endpoints[0].Health.Active.Reason, Is.EqualTo("no answer within 2 s"));
        Assert.That(endpoints[0].Health.Active.Verdict, Is.EqualTo(HealthVerdict.Unhealthy));
    }

    [Test]
    public void Takes_whatever_a_probe_throws_for_a_failure_and_goes_on()
    {
        var endpoints = Endpoints(1);
        _probe.Answer(endpoints[0].Address, _ => throw new FormatException("unreadable"));
        Start(endpoints, EveryFiveSeconds);
        Assert.That((endpoints[0].Health.Active.Verdict, endpoints[0].Health.Active.Reason), Is.EqualTo((HealthVerdict.Unhealthy, "unreadable")));

        _time.Advance(5 * Second);
        Assert.That(_probe.Asked, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Keeps_the_pace_of_the_monitor_before_it()
    {
        var endpoints = Endpoints(1);
        Start(endpoints, EveryFiveSeconds);
        for (var reload = 0; reload < 12; reload++)
        {
            _time.Advance(Second);
            await _monitors[^1].DisposeAsync();
            Start(endpoints, EveryFiveSeconds);
        }

        Assert.That(_probe.Asked.Select(asked => asked.At.TotalSeconds), Is.EqualTo(new[] { 0, 5, 10 }));
    }

    [Test]
    public void Leaves_those_that_stay_at_their_pace_and_a_running_probe_alone_while_others_come_and_go()
    {
        var endpoints = Endpoints(3);
        _probe.Answer(endpoints[0].Address, NeverAsync);
        Start(endpoints[..2], EveryFiveSeconds);
        _time.Advance(Second);
        _monitors[^1].Watch([endpoints[0], endpoints[2]]);
        _time.Advance(Second);
        Assert.That(endpoints[0].Health.Active.Verdict, Is.EqualTo(HealthVerdict.Unhealthy), "its first probe ran on to its timeout");

        _time.Advance(10 * Second);
        Assert.That(_probe.TimesOf(endpoints[0].Address).Select(at => at.TotalSeconds), Is.EqualTo(new[] { 0, 5, 10 }));
        Assert.That(_probe.TimesOf(endpoints[1].Address).Select(at => at.TotalSeconds), Is.EqualTo(new[] { 0.5 }));
        Assert.That(_probe.TimesOf(endpoints[2].Address).Select(at => at.TotalSeconds), Is.EqualTo(new[] { 1, 6, 11 }));
        Assert.That(_time.ActiveTimers, Is.EqualTo(2));
    }

    [Test]
    public async Task Asks_nobody_after_its_disposal()
    {
        Start(Endpoints(3), EveryFiveSeconds);
        _time.Advance(2 * Second);
        await _monitors[^1].DisposeAsync();
        _probe.Asked.Clear();
        _time.Advance(60 * Second);

        Assert.That(_probe.Asked, Is.Empty);
        Assert.That(_time.ActiveTimers, Is.Zero);
    }

    [Test]
    public async Task Gives_up_a_running_probe_at_its_disposal_and_forgets_its_answer()
    {
        var endpoints = Endpoints(1);
        _probe.Answer(endpoints[0].Address, NeverAsync);
        Start(endpoints, EveryFiveSeconds);
        await _monitors[^1].DisposeAsync();

        Assert.That(endpoints[0].Health.Active, Is.SameAs(ActiveHealth.Unproven));
    }

    [Test]
    public void Keeps_the_latest_answer_with_its_duration_and_the_time_of_the_next()
    {
        var endpoints = Endpoints(1);
        Start(endpoints, EveryFiveSeconds);
        _time.Advance(10 * Second);
        _probe.Answer(endpoints[0].Address, NeverAsync);
        _time.Advance(7 * Second);
        var start = _time.GetUtcNow() - (2 * Second);

        Assert.That(endpoints[0].Health.Active.Latest, Is.EqualTo(
            new LatestProbe(ProbeResult.NoAnswer, "no answer within 2 s", start, Took: 2 * Second, Next: start + (5 * Second), InARow: 1)));
        Assert.That((endpoints[0].Health.Probes(ProbeResult.Passed), endpoints[0].Health.Probes(ProbeResult.NoAnswer)), Is.EqualTo((3, 1)));
    }

    [Test]
    public void Counts_answers_in_a_row_and_changes_of_mind()
    {
        var endpoints = Endpoints(1);
        Start(endpoints, EveryFiveSeconds);
        _time.Advance(5 * Second);
        Assert.That(endpoints[0].Health.Active.Latest!.InARow, Is.EqualTo(2));

        _probe.Fail(endpoints[0].Address);
        _time.Advance(20 * Second);
        Assert.That(endpoints[0].Health.Active.Latest!.InARow, Is.EqualTo(4));
        Assert.That(
            (endpoints[0].Health.Transitions(TransitionKind.Healthy), endpoints[0].Health.Transitions(TransitionKind.Unhealthy)), Is.EqualTo((1, 1)));
    }

    private static ImmutableArray<Endpoint> Endpoints(int count) => [.. Enumerable.Range(1, count).Select(Members.Endpoint)];

    /// <summary>Waits for the cancellation, and tells it on the thread that cancels, so that a test need not wait.</summary>
    private static ValueTask<ProbeAnswer> NeverAsync(CancellationToken cancellation)
    {
        var never = new TaskCompletionSource<ProbeAnswer>();
        cancellation.Register(() => never.SetCanceled(cancellation));
        return new(never.Task);
    }

    /// <summary>Starts a monitor and returns the verdicts that it will tell.</summary>
    private List<HealthVerdict> Start(ImmutableArray<Endpoint> endpoints, ActiveHealthOptions options)
    {
        var told = new List<HealthVerdict>();
        var monitor = new HealthMonitor(options, _probe, _time, seed: 1, changed: endpoint => told.Add(endpoint.Health.Active.Verdict));
        _monitors.Add(monitor);
        monitor.Watch(endpoints);
        return told;
    }
}
