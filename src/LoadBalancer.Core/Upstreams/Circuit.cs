using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Limits;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Upstreams;

/// <summary>
/// The circuit breaker of an upstream: refuses attempts for a while where too many fail, so that clients have their answer at once and a
/// service on its knees is left alone. It belongs to the upstream's name and outlives reloads.
/// </summary>
/// <remarks>
/// <code>
///              enough attempts, and the share of failures is reached
///   Closed ────────────────────────────────────────────────────────► Open
///     ▲                                                              ▲  │
///     │ all probes succeeded                         one probe failed│  │ open_for has passed, and somebody asks
///     └────────────────────────────── HalfOpen ◄──────────────────────┼──┘
///                                         └──────────────────────────┘
/// </code>
/// Each phase is an object, and a change puts another in its place: what an attempt comes to counts in the phase in which it began, and
/// is nothing in any other. So nobody who began before the circuit opened closes it, and a closed circuit begins with an empty window.
/// <para>
/// Thread-safe without a lock. A success in a closed circuit is a count in its loop's own cell. Only a failure looks at the
/// whole window: a success never opens it. <see cref="CircuitBreakerOptions.OpenFor"/> is the same each time: a few probes cost the upstream
/// nothing, and a time that grows makes every outage longer than it has to be.
/// </para>
/// <para>
/// A probe that is given up gives its place back. One that neither ends nor is answered, be it a client that sends its body
/// byte by byte, gives it to another after <see cref="CircuitBreakerOptions.OpenFor"/>, so that no client can hold the circuit.
/// </para>
/// </remarks>
internal sealed class Circuit
{
    private const double Rounding = 1e-9;

    private readonly string _upstream;
    private readonly int _loops;
    private readonly TimeProvider _time;
    private readonly StripedCells _refused;
    private CircuitBreakerOptions _options;
    private Action<CircuitTransition> _changed = static _ => { };
    private Phase _phase;
    private long _openings;

    /// <summary>A closed circuit.</summary>
    /// <param name="upstream">Its upstream's name.</param>
    /// <param name="options">When it opens and closes.</param>
    /// <param name="loops">How many loops ask it.</param>
    /// <param name="time">The clock.</param>
    public Circuit(string upstream, CircuitBreakerOptions options, int loops, TimeProvider time)
    {
        (_upstream, _options, _loops, _time) = (upstream, options, loops, time);
        _refused = new StripedCells(loops, 1);
        _phase = NewClosed(options, "");
    }

    /// <summary>What it does with attempts now.</summary>
    public CircuitState State => Current switch
    {
        Closed => CircuitState.Closed,
        Open open when Left(open) > TimeSpan.Zero => CircuitState.Open,
        _ => CircuitState.HalfOpen,
    };

    /// <summary>Why it is what it is, as a sentence; empty where it never changed.</summary>
    public string Reason => Current.Reason;

    /// <summary>Since when, by the wall clock.</summary>
    public DateTimeOffset Since => Current.Since;

    /// <summary>How often it opened.</summary>
    public long Openings => Interlocked.Read(ref _openings);

    /// <summary>How many attempts it refused.</summary>
    public long Refused => _refused.Sum(0);

    /// <summary>In how many seconds it is worth another try: what is left of its time, rounded up, 1 at least.</summary>
    public int RetryAfterSeconds => Current is Open open ? Math.Max(1, (int)Math.Ceiling(Left(open).TotalSeconds)) : 1;

    /// <summary>The present, as a timestamp of its clock.</summary>
    internal long Now => _time.GetTimestamp();

    private Phase Current => Volatile.Read(ref _phase);

    private CircuitBreakerOptions Options => Volatile.Read(ref _options);

    /// <summary>
    /// Goes by other options from now on, and tells of changes to <paramref name="changed"/>. What is open stays so, for the new time since it opened;
    /// another window begins empty, and another number of probes from the first.
    /// </summary>
    public void Follow(CircuitBreakerOptions options, Action<CircuitTransition> changed)
    {
        Volatile.Write(ref _changed, changed);
        var before = Options;
        Volatile.Write(ref _options, options);
        var phase = Current;
        if (phase is Closed && before.Within != options.Within)
        {
            Interlocked.CompareExchange(ref _phase, NewClosed(options, phase.Reason), phase);
        }
        else if (phase is HalfOpen && before.Probes != options.Probes)
        {
            Interlocked.CompareExchange(ref _phase, NewHalfOpen(options, phase.Reason), phase);
        }
    }

    /// <summary>
    /// Counts a refusal for somebody who would have to wait for something else before he could ask, where it is open. It takes no place of those who try it, and so
    /// says nothing while it is half-open.
    /// </summary>
    /// <param name="loop">The loop that asks.</param>
    /// <returns>True where he is refused: the fault is circuit_open.</returns>
    public bool Refuses(int loop)
    {
        if (Current is not Open open || Left(open) <= TimeSpan.Zero)
        {
            return false;
        }

        _refused.Add(loop, 0);
        return true;
    }

    /// <summary>Asks for leave for one attempt, before an endpoint is leased.</summary>
    /// <param name="loop">The loop that asks.</param>
    /// <param name="pass">The leave, to be returned with the outcome.</param>
    /// <returns>False where the attempt is refused: the fault is circuit_open.</returns>
    public bool TryEnter(int loop, out CircuitPass pass)
    {
        var phase = Current;
        if (phase is Closed)
        {
            pass = new CircuitPass(this, phase, round: 0);
            return true;
        }

        return TryProbe(loop, out pass);
    }

    internal void Succeeded(Phase phase, int loop, long now)
    {
        if (phase is Closed closed)
        {
            closed.Window.CountAttempt(loop, now);
        }
        else if (phase is HalfOpen half && half.Succeeds())
        {
            Change(half, NewClosed(Options, half.Probes == 1 ? "a probe succeeded" : $"{half.Probes} probes succeeded"), CircuitState.Closed);
        }
    }

    internal void Failed(Phase phase, int loop, long? answered, Fault fault)
    {
        var now = Now;
        if (phase is HalfOpen)
        {
            Change(phase, NewOpen(now, $"a probe failed: {fault.Reason}"), CircuitState.Open);
        }
        else if (phase is Closed closed)
        {
            if (answered is null)
            {
                closed.Window.CountAttempt(loop, now);
            }
            else if (_time.GetElapsedTime(answered.Value, now) > closed.Window.Length)
            {
                return;
            }

            closed.Window.CountFailure(loop, now);
            Judge(closed, now, fault);
        }
    }

    private bool TryProbe(int loop, out CircuitPass pass)
    {
        while (true)
        {
            var phase = Current;
            switch (phase)
            {
                case Closed:
                    pass = new CircuitPass(this, phase, round: 0);
                    return true;

                case Open open when Left(open) <= TimeSpan.Zero:
                    Change(open, NewHalfOpen(Options, $"{Options.OpenFor.TotalSeconds:0.###} s have passed"), CircuitState.HalfOpen);
                    continue;

                case HalfOpen half when half.TryTake(_time, Options.OpenFor, out var round):
                    pass = new CircuitPass(this, half, round);
                    return true;

                default:
                    _refused.Add(loop, 0);
                    pass = default;
                    return false;
            }
        }
    }

    private void Judge(Closed closed, long now, Fault last)
    {
        var options = Options;
        var (attempts, failures) = closed.Window.Read(now);
        if (Current == closed && attempts >= options.Minimum && failures >= (options.FailureRatio * attempts) - Rounding)
        {
            Change(
                closed,
                NewOpen(now, $"{failures} of {attempts} attempts within {closed.Window.Length.TotalSeconds:0.###} s failed, the last {last.Reason}"),
                CircuitState.Open);
        }
    }

    private TimeSpan Left(Open open) => Options.OpenFor - _time.GetElapsedTime(open.At);

    private Closed NewClosed(CircuitBreakerOptions options, string reason) =>
        new(_time.GetUtcNow(), reason, new OutcomeWindow(options.Within, _loops, _time));

    private HalfOpen NewHalfOpen(CircuitBreakerOptions options, string reason) => new(_time.GetUtcNow(), reason, options.Probes, _time.GetTimestamp());

    private Open NewOpen(long now, string reason) => new(_time.GetUtcNow(), reason, now);

    private void Change(Phase from, Phase to, CircuitState state)
    {
        if (Interlocked.CompareExchange(ref _phase, to, from) == from)
        {
            if (state == CircuitState.Open)
            {
                Interlocked.Increment(ref _openings);
            }

            Volatile.Read(ref _changed)(new CircuitTransition(_upstream, state, to.Reason));
        }
    }

    /// <summary>One state from its beginning to its end.</summary>
    internal abstract class Phase(DateTimeOffset since, string reason)
    {
        /// <summary>Its beginning, by the wall clock.</summary>
        public DateTimeOffset Since => since;

        /// <summary>Why it began.</summary>
        public string Reason => reason;
    }

    /// <summary>All pass, and are counted.</summary>
    internal sealed class Closed(DateTimeOffset since, string reason, OutcomeWindow window) : Phase(since, reason)
    {
        /// <summary>What they came to.</summary>
        public OutcomeWindow Window => window;
    }

    /// <summary>None passes.</summary>
    internal sealed class Open(DateTimeOffset since, string reason, long at) : Phase(since, reason)
    {
        /// <summary>Its beginning as a timestamp.</summary>
        public long At => at;
    }

    /// <summary>A counted few pass.</summary>
    internal sealed class HalfOpen(DateTimeOffset since, string reason, int probes, long at) : Phase(since, reason)
    {
        // The number of the round, and in the lower half the places that are left in it.
        private long _places = probes;
        private long _roundBegan = at;
        private int _succeeded;

        /// <summary>How many have to succeed, and how many there are at once.</summary>
        public int Probes => probes;

        /// <summary>Takes a place. Where those who have all of them have been silent for <paramref name="patience"/>, there are as many again.</summary>
        public bool TryTake(TimeProvider time, TimeSpan patience, out int round)
        {
            while (true)
            {
                var seen = Volatile.Read(ref _places);
                round = (int)(seen >> 32);
                if ((int)seen > 0)
                {
                    if (Interlocked.CompareExchange(ref _places, seen - 1, seen) == seen)
                    {
                        return true;
                    }

                    continue;
                }

                var began = Volatile.Read(ref _roundBegan);
                if (time.GetElapsedTime(began) < patience || Interlocked.CompareExchange(ref _roundBegan, time.GetTimestamp(), began) != began)
                {
                    return false;
                }

                Interlocked.Exchange(ref _places, ((long)(round + 1) << 32) | (uint)probes);
            }
        }

        /// <summary>Gives a place of that round back.</summary>
        public void GiveBack(int round)
        {
            var seen = Volatile.Read(ref _places);
            while ((int)(seen >> 32) == round)
            {
                var now = Interlocked.CompareExchange(ref _places, seen + 1, seen);
                if (now == seen)
                {
                    return;
                }

                seen = now;
            }
        }

        /// <summary>Counts a success; true for the one that completes them.</summary>
        public bool Succeeds() => Interlocked.Increment(ref _succeeded) == probes;
    }
}
