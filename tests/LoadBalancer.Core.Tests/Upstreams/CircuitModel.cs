using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>What a circuit breaker is, without a thought for cost: every attempt is remembered, and everything is counted anew each time.</summary>
internal sealed class CircuitModel(CircuitBreakerOptions options)
{
    private readonly List<Attempt> _attempts = [];
    private bool _closed = true;
    private TimeSpan _opened;
    private int _phase;
    private int _round;
    private TimeSpan _roundBegan;

    public TimeSpan Now { get; set; }

    public long Openings { get; private set; }

    public CircuitState State => _closed ? CircuitState.Closed : Now - _opened < options.OpenFor ? CircuitState.Open : CircuitState.HalfOpen;

    public Attempt? Enter()
    {
        if (State == CircuitState.Open || (State == CircuitState.HalfOpen && !HasPlace()))
        {
            return null;
        }

        var attempt = new Attempt(_phase, _round);
        _attempts.Add(attempt);
        return attempt;
    }

    public void End(Attempt attempt, Fault outcome)
    {
        (attempt.EndedAt, attempt.Outcome) = (Now, outcome);
        var phase = _attempts.Where(each => each.Phase == _phase && each.EndedAt is not null).ToList();
        if (attempt.Phase != _phase)
        {
            return;
        }

        if (_closed)
        {
            var recent = phase.Where(each => each.Outcome.Side != FaultSide.Client || !each.Outcome.Failed).Where(each => Now - each.EndedAt <= options.Within).ToList();
            if (Failed(attempt) && recent.Count >= options.Minimum && recent.Count(Failed) >= (options.FailureRatio * recent.Count) - 1e-6)
            {
                Open();
            }
        }
        else if (Failed(attempt))
        {
            Open();
        }
        else if (phase.Count(each => !each.Outcome.Failed) == options.Probes)
        {
            (_closed, _phase) = (true, _phase + 1);
        }
    }

    private static bool Failed(Attempt attempt) => attempt.Outcome is { Failed: true, Side: FaultSide.Upstream };

    private void Open()
    {
        (_closed, _opened, _phase, _round) = (false, Now, _phase + 1, -1);
        Openings++;
    }

    private bool HasPlace()
    {
        if (_round < 0)
        {
            (_round, _roundBegan) = (0, Now);
        }

        // Whoever said nothing has given the place back.
        var taken = _attempts.Count(each => each.Phase == _phase && each.Round == _round && !(each.EndedAt is not null && each.Outcome.Side == FaultSide.Client && each.Outcome.Failed));
        if (taken < options.Probes)
        {
            return true;
        }

        if (Now - _roundBegan < options.OpenFor)
        {
            return false;
        }

        (_round, _roundBegan) = (_round + 1, Now);
        return true;
    }

    public sealed class Attempt(int phase, int round)
    {
        public int Phase => phase;

        public int Round => round;

        public TimeSpan? EndedAt { get; set; }

        public Fault Outcome { get; set; }
    }
}
