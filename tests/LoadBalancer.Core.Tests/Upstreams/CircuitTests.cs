using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

public sealed class CircuitTests
{
    private static readonly Fault Refused = new(FaultSide.Upstream, FaultKind.ConnectRefused);
    private static readonly Fault Gone = new(FaultSide.Client, FaultKind.ClientClosed);
    private static readonly CircuitBreakerOptions Defaults = new();

    private ManualTime _time = null!;
    private List<string> _changes = null!;
    private Circuit _circuit = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _changes = [];
        _circuit = NewCircuit(Defaults);
    }

    [Test]
    public void Opens_where_enough_attempts_failed_of_enough()
    {
        Succeed(10);
        Fail(9);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Closed), "9 of 19");

        Fail(1);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Open), "10 of 20");
        Assert.That(_changes, Is.EqualTo(new[] { "Open: 10 of 20 attempts within 10 s failed, the last connect_refused" }));
    }

    [TestCase(11, 9, ExpectedResult = CircuitState.Closed, Description = "45 %")]
    [TestCase(0, 19, ExpectedResult = CircuitState.Closed, Description = "19 are too few")]
    [TestCase(0, 20, ExpectedResult = CircuitState.Open)]
    [TestCase(1000, 999, ExpectedResult = CircuitState.Closed)]
    [TestCase(1000, 1000, ExpectedResult = CircuitState.Open)]
    public CircuitState Is_judged_by_minimum_and_ratio(int successes, int failures)
    {
        Succeed(successes);
        Fail(failures);
        return _circuit.State;
    }

    [TestCase(FaultSide.Upstream, FaultKind.ConnectTimeout, true)]
    [TestCase(FaultSide.Upstream, FaultKind.EarlyClose, true)]
    [TestCase(FaultSide.Upstream, FaultKind.FirstByteTimeout, true)]
    [TestCase(FaultSide.Upstream, FaultKind.ExchangeTimeout, true)]
    [TestCase(FaultSide.Upstream, FaultKind.BadStatus, true)]
    [TestCase(FaultSide.Upstream, FaultKind.ResponseTruncated, true)]
    [TestCase(FaultSide.Upstream, FaultKind.NoEndpoint, false)]
    [TestCase(FaultSide.Upstream, FaultKind.HalfClosedTimeout, false)]
    [TestCase(FaultSide.Client, FaultKind.ClientClosed, false)]
    [TestCase(FaultSide.Client, FaultKind.Reset, false)]
    [TestCase(FaultSide.Client, FaultKind.BodyTooLarge, false)]
    [TestCase(FaultSide.Internal, FaultKind.OutOfResources, false)]
    [TestCase(FaultSide.Internal, FaultKind.PendingTimeout, false)]
    [TestCase(FaultSide.Internal, FaultKind.Bug, false)]
    public void Counts_only_what_the_upstream_did(FaultSide side, FaultKind kind, bool counts)
    {
        for (var attempt = 0; attempt < 100 && _circuit.State == CircuitState.Closed; attempt++)
        {
            Enter().Return(0, new Fault(side, kind));
        }

        Assert.That(_circuit.State, Is.EqualTo(counts ? CircuitState.Open : CircuitState.Closed));
    }

    [Test]
    public void Counts_an_attempt_once_that_fails_after_its_answer()
    {
        // What was broken off later counts against it, without being another attempt.
        for (var attempt = 0; attempt < 20; attempt++)
        {
            var pass = Enter();
            pass.Answered(0, _time.GetTimestamp());
            pass.Answered(0, _time.GetTimestamp());
            if (attempt >= 11)
            {
                pass.Return(0, Refused);
                pass.Return(0, Refused);
            }
        }

        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Closed), "9 of 20");
        Fail(1);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Closed), "10 of 21");
        Fail(1);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Open), "11 of 22");
    }

    [Test]
    public void Is_not_opened_by_streams_of_long_ago_that_end_at_once()
    {
        var streams = Enumerable.Range(0, 1_000).Select(_ => Enter()).ToArray();
        foreach (ref var stream in streams.AsSpan())
        {
            stream.Answered(0, _time.GetTimestamp());
        }

        _time.Advance(TimeSpan.FromSeconds(12));
        Succeed(20);
        foreach (ref var stream in streams.AsSpan())
        {
            stream.Return(0, new Fault(FaultSide.Upstream, FaultKind.Reset));
        }

        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Closed));
    }

    [Test]
    public void Forgets_what_the_window_has_left_behind()
    {
        Fail(19);
        _time.Advance(TimeSpan.FromSeconds(11.1));
        Fail(19);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Closed));
    }

    [Test]
    public void Refuses_everything_while_it_is_open_and_says_when_to_come_again()
    {
        Open();
        _time.Advance(TimeSpan.FromSeconds(2.5));
        for (var attempt = 0; attempt < 100; attempt++)
        {
            Assert.That(_circuit.TryEnter(attempt % 2, out _), Is.False);
        }

        Assert.That((_circuit.Refused, _circuit.RetryAfterSeconds, _circuit.Openings), Is.EqualTo((100L, 13, 1L)));
        _time.Advance(TimeSpan.FromSeconds(12.499));
        Assert.That((_circuit.TryEnter(0, out _), _circuit.RetryAfterSeconds), Is.EqualTo((false, 1)));
    }

    [Test]
    public void Lets_exactly_the_probes_pass_however_many_ask_at_once()
    {
        Open();
        _time.Advance(Defaults.OpenFor);
        var passed = 0;
        Parallel.For(0, 10_000, attempt =>
        {
            if (_circuit.TryEnter(0, out _))
            {
                Interlocked.Increment(ref passed);
            }
        });

        Assert.That((passed, _circuit.State), Is.EqualTo((3, CircuitState.HalfOpen)));
    }

    [Test]
    public void Closes_with_an_empty_window_when_all_probes_have_succeeded()
    {
        Open();
        _time.Advance(Defaults.OpenFor);
        Succeed(2);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.HalfOpen));

        Succeed(1);
        Fail(19);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Closed), "the twenty failures from before are forgotten");
        Assert.That(_changes[1..], Is.EqualTo(new[] { "HalfOpen: 15 s have passed", "Closed: 3 probes succeeded" }));
    }

    [Test]
    public void Opens_again_for_as_long_when_one_probe_fails()
    {
        Open();
        for (var time = 0; time < 3; time++)
        {
            _time.Advance(Defaults.OpenFor);
            Succeed(2);
            Fail(1);
            Assert.That((_circuit.State, _circuit.RetryAfterSeconds), Is.EqualTo((CircuitState.Open, 15)));
        }

        Assert.That((_circuit.Openings, _changes[^1]), Is.EqualTo((4L, "Open: a probe failed: connect_refused")));
    }

    [Test]
    public void Gives_the_place_of_a_probe_to_another_that_was_given_up()
    {
        Open();
        _time.Advance(Defaults.OpenFor);
        for (var attempt = 0; attempt < 100; attempt++)
        {
            Enter().Return(0, Gone);
        }

        Assert.That((Passing(10), _circuit.State), Is.EqualTo((3, CircuitState.HalfOpen)));
    }

    [Test]
    public void Gives_the_places_of_probes_to_others_that_never_end()
    {
        Open();
        _time.Advance(Defaults.OpenFor);
        var silent = Enter();
        Assert.That(Passing(10), Is.EqualTo(2));

        _time.Advance(Defaults.OpenFor - TimeSpan.FromTicks(1));
        Assert.That(Passing(10), Is.Zero);

        _time.Advance(TimeSpan.FromTicks(1));
        Assert.That(Passing(10), Is.EqualTo(3));

        silent.Return(0, Gone);
        Assert.That(Passing(10), Is.Zero, "the place of one who is late was given away already");
    }

    [Test]
    public void Takes_a_late_success_of_a_probe_for_what_it_is()
    {
        // A service that takes longer for an answer than the circuit is open.
        Open();
        _time.Advance(Defaults.OpenFor);
        CircuitPass[] slow = [Enter(), Enter(), Enter()];
        _time.Advance(Defaults.OpenFor);
        Assert.That(Passing(10), Is.EqualTo(3));

        foreach (var pass in slow)
        {
            pass.Return(0, Fault.None);
        }

        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Closed));
    }

    [Test]
    public void Believes_nobody_who_began_before_it_changed()
    {
        var before = Enumerable.Range(0, 20).Select(_ => Enter()).ToList();
        Open();
        before[0].Return(0, Fault.None);
        _time.Advance(Defaults.OpenFor);
        var probe = Enter();
        before[1..4].ForEach(pass => pass.Return(0, Fault.None));
        before[4..7].ForEach(pass => pass.Return(0, Refused));
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.HalfOpen));

        Succeed(2);
        probe.Return(0, Fault.None);
        before[7..].ForEach(pass => pass.Return(0, Refused));
        Fail(19);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Closed));
    }

    [Test]
    public void Keeps_its_state_under_other_options_as_far_as_it_has_a_meaning()
    {
        Fail(19);
        Follow(Defaults with { Minimum = 5, FailureRatio = 0.3 });
        Fail(1);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Open), "the same window, judged by other numbers");

        _time.Advance(TimeSpan.FromSeconds(5));
        Follow(Defaults with { OpenFor = TimeSpan.FromSeconds(7) });
        Assert.That((_circuit.State, _circuit.RetryAfterSeconds), Is.EqualTo((CircuitState.Open, 2)));

        _time.Advance(TimeSpan.FromSeconds(2));
        Succeed(2);
        Follow(Defaults with { Probes = 1 });
        Succeed(1);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Closed));

        Fail(19);
        Follow(Defaults with { Within = TimeSpan.FromSeconds(5) });
        Fail(19);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Closed), "another window begins empty");
    }

    [Test]
    public void Allocates_nothing_where_an_attempt_succeeds_or_is_refused()
    {
        Assert.That(Allocations.Of(() => Succeed(10_000)), Is.Zero);
        _time.Advance(TimeSpan.FromSeconds(12));
        Open();
        Assert.That(Allocations.Of(() => Passing(10_000)), Is.Zero);
    }

    /// <summary>
    /// Against a model that is too simple to be wrong, in which every attempt of every phase is kept in a list. Whatever comes in whatever order: the same
    /// attempts pass, and the state is the same.
    /// </summary>
    [Test]
    public void Does_what_its_model_does([Range(1, 20)] int seed)
    {
        var chance = new Random(seed);
        var options = new CircuitBreakerOptions
        {
            FailureRatio = chance.Next(1, 11) / 10.0,
            Minimum = chance.Next(1, 12),
            Probes = chance.Next(1, 5),
            Within = TimeSpan.FromSeconds(10),
            OpenFor = TimeSpan.FromSeconds(chance.Next(1, 30)),
        };
        var model = new CircuitModel(options);
        _circuit = NewCircuit(options);
        var open = new List<(CircuitPass Pass, CircuitModel.Attempt Attempt)>();
        var sick = false;
        for (var step = 0; step < 1_000; step++)
        {
            // In good times one attempt in twenty fails, in bad ones nearly all.
            sick ^= chance.Next(100) == 0;
            switch (chance.Next(10))
            {
                case 0:
                    // A whole slice, so that circuit and model agree on what has left the window.
                    var pause = TimeSpan.FromSeconds(chance.Next(1, 4));
                    _time.Advance(pause);
                    model.Now += pause;
                    break;

                case < 6:
                    var passed = _circuit.TryEnter(0, out var pass);
                    var attempt = model.Enter();
                    Assert.That(passed, Is.EqualTo(attempt is not null), $"step {step}");
                    if (attempt is not null)
                    {
                        open.Add((pass, attempt));
                    }

                    break;

                default:
                    if (open.Count > 0)
                    {
                        var at = chance.Next(open.Count);
                        var (ending, ended) = open[at];
                        open.RemoveAt(at);
                        var outcome = chance.Next(20) switch { 0 => Gone, 1 => Refused, 2 => Fault.None, _ => sick ? Refused : Fault.None };
                        ending.Return(0, outcome);
                        model.End(ended, outcome);
                    }

                    break;
            }

            Assert.That(_circuit.State, Is.EqualTo(model.State), $"step {step}");
        }

        Assert.That(model.Openings, Is.Positive, "the walk has to lead somewhere");
        Assert.That(_circuit.Openings, Is.EqualTo(model.Openings));
    }

    private Circuit NewCircuit(CircuitBreakerOptions options)
    {
        var circuit = new Circuit("orders", options, loops: 2, _time);
        circuit.Follow(options, change => _changes.Add($"{change.State}: {change.Reason}"));
        return circuit;
    }

    private void Follow(CircuitBreakerOptions options) => _circuit.Follow(options, change => _changes.Add($"{change.State}: {change.Reason}"));

    private void Open()
    {
        Fail(20);
        Assert.That(_circuit.State, Is.EqualTo(CircuitState.Open));
    }

    private CircuitPass Enter()
    {
        Assert.That(_circuit.TryEnter(0, out var pass), Is.True);
        return pass;
    }

    private int Passing(int attempts)
    {
        var passed = 0;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            passed += _circuit.TryEnter(0, out _) ? 1 : 0;
        }

        return passed;
    }

    private void Succeed(int times) => End(times, Fault.None);

    private void Fail(int times) => End(times, Refused);

    private void End(int times, Fault outcome)
    {
        for (var attempt = 0; attempt < times; attempt++)
        {
            if (_circuit.TryEnter(attempt & 1, out var pass))
            {
                pass.Return(attempt & 1, outcome);
            }
        }
    }
}
