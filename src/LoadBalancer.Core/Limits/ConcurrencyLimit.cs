using LoadBalancer.Telemetry;

namespace LoadBalancer.Limits;

/// <summary>
/// How many requests at once are good for a group of servers whose capacity nobody knows, found from how long they take to answer.
/// </summary>
/// <remarks>
/// Servers that have room answer in a time of their own, their <em>base</em>; from their capacity on, each further request only waits there,
/// and the time grows in proportion. So what they can take is what they are doing times base over time (Little's law), and the limit is
/// that, plus a square root of headroom by which it finds out whether there is more:
/// <code>
///   limit ← limit · clamp(base / time, ¼, 1) + √limit        at the end of each window in which the limit was met
/// </code>
/// A window is as many answers as two turns of all that may be under way, so that the noise of their mean is smaller than the headroom
/// at any size. A limit that nobody meets does not grow.
/// <para>
/// The base cannot be seen while requests wait at the servers, and it changes. Now and then, while the limit is met, it is lowered
/// for a moment to <see cref="Shallow"/> of the capacity by the present base: a few percent less for a few turns. If the time falls with it,
/// requests were waiting: the base is lower than was thought, and a deeper look follows at once. If it does not, that time is the base. So a
/// base is never learned from requests that wait, and it may rise as well as fall. While nobody meets the limit each window tells.
/// </para>
/// <para>
/// Where a loop of ours is full, answers wait for it, and the more the more are under way: to the step that would look like servers that are. So what
/// may be our own delay is taken off the time before it is compared, and where it is more than half of the time, nothing is learned from it.
/// </para>
/// <para>
/// The step is that of Netflix's concurrency-limits (Gradient2) and of Envoy's adaptive concurrency. Theirs take the base from a long
/// average, which drifts upwards in a long overload, or from a time in which next to nothing is let through.
/// </para>
/// <para>
/// Thread-safe. Each loop counts in cells of its own; who finds that a window may be over sums them up. Times are timestamps of one clock.
/// </para>
/// </remarks>
internal sealed class ConcurrencyLimit(int loops, TimeProvider time)
{
    /// <summary>Where it begins, and begins again after a time in which there was hardly anything to do.</summary>
    public const int Start = 32;

    /// <summary>It is never lower.</summary>
    public const int Floor = 2;

    /// <summary>It is never higher.</summary>
    public const int Ceiling = 100_000;

    private const double Unproven = 16;
    private const double Aging = 0.05;
    private const double Sure = 0.08;
    private const double MostSpread = 4;
    private const double MostTurns = 16;
    private const double Shallow = 0.9;
    private const double Deep = 0.7;
    private const double FailuresMeant = 0.1;
    private const int FewestAnswers = 32;
    private const int MostWindowsBetweenProbes = 32;
    private const int FewestWindowsBetweenProbes = 3;

    // Of what takes longer than this, the variance is not known: the squares of more would not fit.
    private const long LongestMicroseconds = 10_000_000;

    private const int Answers = 0;
    private const int Times = 1;
    private const int Squares = 2;
    private const int Failures = 3;
    private const int Delays = 4;
    private const int Cells = 5;

    private readonly StripedCells _cells = new(loops, Cells);
    private readonly long[] _before = new long[Cells];
    private readonly long _second = time.TimestampFrequency;
    private readonly double _perMicrosecond = time.TimestampFrequency / 1e6;

    private int _limit = Start;
    private bool _met;
    private int _looking;
    private long _nextLook;
    private long _baseNow;

    // What follows belongs to whoever holds _looking.
    private double _exact = Start;
    private double _base;
    private double _baseError;
    private double _spread = 1;
    private bool _doubles = true;
    private bool _wasMet;
    private bool _changed;
    private bool _drains;
    private long _settledAt;
    private long _windowBegan;
    private double _probe;
    private int _untilProbe;
    private int _between = FewestWindowsBetweenProbes;

    /// <summary>How many may be under way at once.</summary>
    public int Limit => Volatile.Read(ref _limit);

    /// <summary>How long an answer takes where none has to wait; zero where that is not known.</summary>
    public TimeSpan Base => TimeSpan.FromSeconds((double)Volatile.Read(ref _baseNow) / _second);

    /// <summary>Somebody found that there is no room. Any thread.</summary>
    public void Met()
    {
        if (!Volatile.Read(ref _met))
        {
            Volatile.Write(ref _met, true);
        }
    }

    /// <summary>One was answered. On the thread of <paramref name="loop"/>.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="took">How long the answer took.</param>
    /// <param name="late">How much of that, at most, was until somebody here had time for it; all of it, where it is more.</param>
    /// <param name="now">When it came.</param>
    /// <param name="underWay">How many are under way now.</param>
    public void Answered(int loop, long took, long late, long now, int underWay)
    {
        var microseconds = Math.Min((long)(took / _perMicrosecond), LongestMicroseconds);
        _cells.Add(loop, Answers);
        _cells.Add(loop, Times, took);
        _cells.Add(loop, Squares, microseconds * microseconds);
        _cells.Add(loop, Delays, Math.Min(late, took));
        if (now >= Volatile.Read(ref _nextLook))
        {
            Look(now, underWay);
        }
    }

    /// <summary>One was not answered in time, or refused by the servers. On the thread of <paramref name="loop"/>.</summary>
    public void Failed(int loop, long now, int underWay)
    {
        _cells.Add(loop, Failures);
        if (now >= Volatile.Read(ref _nextLook))
        {
            Look(now, underWay);
        }
    }

    private void Look(long now, int underWay)
    {
        if (Interlocked.Exchange(ref _looking, 1) != 0)
        {
            return;
        }

        if (!IsSettled(underWay))
        {
            Begin(now);
        }
        else if (!_wasMet && _base > 0 && _probe == 0 && Volatile.Read(ref _met))
        {
            // What came in before that is of another time, and an overload is not to wait until the window ends.
            (_wasMet, _changed) = (true, true);
            Begin(now);
        }
        else
        {
            Judge(now, underWay);
        }

        Volatile.Write(ref _nextLook, now + Math.Clamp((long)(_base / 8), _second / 2000, _second / 20));
        Volatile.Write(ref _looking, 0);
    }

    /// <summary>After the limit has changed: true once no more are under way than may be, and those have been answered that came before.</summary>
    private bool IsSettled(int underWay)
    {
        var ended = _cells.Sum(Answers) + _cells.Sum(Failures);
        if (_changed)
        {
            // What takes very long, as a large download does, is not waited for.
            (_changed, _drains, _settledAt) = (false, true, ended + (4 * underWay));
        }

        if (_drains && underWay <= _limit)
        {
            (_drains, _settledAt) = (false, ended + underWay);
        }

        return ended >= _settledAt;
    }

    private void Judge(long now, int underWay)
    {
        var answers = _cells.Sum(Answers) - _before[Answers];
        var failures = _cells.Sum(Failures) - _before[Failures];
        var elapsed = now - _windowBegan;
        if (_windowBegan == 0 || (answers + failures < FewestAnswers && elapsed > Math.Max(10 * _second, 20 * _base)))
        {
            // The first ever, or hardly any for a long time: what was known of it may be out of date.
            Forget();
            Begin(now);
            return;
        }

        var mean = answers == 0 ? 0 : (double)(_cells.Sum(Times) - _before[Times]) / answers;
        var turn = Math.Min(_limit, underWay) * (mean > _base && _base > 0 ? _base / mean : 1);
        var enough = _probe > 0 ? Math.Clamp(_spread / (Sure * Sure), 2 * turn, MostTurns * turn) : _doubles ? turn : 2 * turn;
        if (answers + failures >= Math.Max(FewestAnswers, enough))
        {
            if (answers > 1)
            {
                var squares = (double)(_cells.Sum(Squares) - _before[Squares]) * _perMicrosecond * _perMicrosecond;
                _spread += (Math.Clamp((squares / answers / (mean * mean)) - 1, 0, MostSpread) - _spread) / 8;
            }

            var error = mean * Math.Sqrt(_spread / Math.Max(1, answers));
            var own = (double)(_cells.Sum(Delays) - _before[Delays]) / Math.Max(1, answers);
            Judge(new Window(mean, own, error, Math.Max(underWay, mean * answers / elapsed), (double)failures / (answers + failures)));
            Begin(now);
        }
    }

    private void Begin(long now)
    {
        _windowBegan = now;
        for (var cell = 0; cell < Cells; cell++)
        {
            _before[cell] = _cells.Sum(cell);
        }
    }

    private void Forget()
    {
        (_base, _probe, _doubles, _between, _untilProbe) = (0, 0, true, FewestWindowsBetweenProbes, 0);
        Set(Math.Max(_exact, Start));
        Volatile.Write(ref _met, false);
    }

    private void Judge(Window window)
    {
        if (window.Failed > FailuresMeant)
        {
            // What takes no time to fail says nothing of how long an answer takes. Once it is over, the way back is short.
            (_probe, _doubles) = (0, true);
            Set(_exact * Math.Max(0.5, 1 - window.Failed));
            return;
        }

        if (_probe > 0)
        {
            EndProbe(window);
            return;
        }

        var met = Volatile.Read(ref _met);
        Volatile.Write(ref _met, false);
        if (_base == 0)
        {
            SetBase(window.Mean, window.Error);
        }
        else if (met)
        {
            Step(window);
        }
        else
        {
            Learn(window);
            Set(Math.Min(_exact, Math.Max(Unproven, 4 * window.UnderWay)));
        }

        _wasMet = met;
    }

    private void Step(Window window)
    {
        if (window.Most < _base)
        {
            Learn(window);
        }

        if (_doubles && window.Mean - window.Own < 1.25 * (_base + (2 * _baseError)))
        {
            Set(2 * _exact);
            return;
        }

        _doubles = false;
        var gradient = Math.Clamp(_base / window.Least, 0.25, 1);
        var next = (_exact * gradient) + Math.Sqrt(_exact);
        if (_untilProbe-- <= 0 && !window.IsOurs)
        {
            _exact = next;
            BeginProbe(window, Shallow);
            return;
        }

        if (gradient < 0.75)
        {
            // Did the servers become fewer, or slower? A probe tells.
            _between = FewestWindowsBetweenProbes;
            _untilProbe = Math.Min(_untilProbe, _between);
        }

        Set(next);
    }

    private void BeginProbe(Window window, double depth)
    {
        _probe = depth;
        Publish(depth * _limit * Math.Min(1, _base / (window.Mean - window.Own)));
        _changed = true;
    }

    private void EndProbe(Window window)
    {
        if (window.IsOurs)
        {
            (_probe, _untilProbe) = (0, _between);
            Set(_exact);
            return;
        }

        var before = _base;
        if (window.Most < (1 + _probe) / 2 * before)
        {
            // They waited even so.
            SetBase(window.Mean, window.Error);
            _between = FewestWindowsBetweenProbes;
            BeginProbe(window, Deep);
            return;
        }

        Learn(window);
        _doubles = window.Mean - (3 * window.Error) > 1.1 * before;
        _between = _doubles ? FewestWindowsBetweenProbes : Math.Min(2 * _between, MostWindowsBetweenProbes);
        (_probe, _untilProbe) = (0, _between);
        Set(_exact);
    }

    /// <summary>Moves the base towards what was seen, by how sure either is; a base that is older is less sure.</summary>
    private void Learn(Window window)
    {
        if (window.IsOurs)
        {
            return;
        }

        var known = (_baseError * _baseError) + (Aging * Aging * _base * _base);
        var seen = (window.Error * window.Error) + (Aging * Aging * _base * _base);
        SetBase(_base + ((window.Mean - _base) * known / (known + seen)), Math.Sqrt(known * seen / (known + seen)));
    }

    private void SetBase(double value, double error)
    {
        (_base, _baseError) = (value, error);
        Volatile.Write(ref _baseNow, (long)value);
    }

    private void Set(double value)
    {
        // Those that come into a wider room, or leave for a narrower one, are answered a turn later.
        _exact = Math.Clamp(value, Floor, Ceiling);
        Publish(_exact);
        _changed = true;
    }

    private void Publish(double value) => Volatile.Write(ref _limit, (int)Math.Round(Math.Clamp(value, Floor, Ceiling)));

    /// <summary>What was seen between two changes of the limit. Times are in units of a timestamp.</summary>
    /// <param name="Mean">How long answers took.</param>
    /// <param name="Own">How much of that, at most, was delay of our own.</param>
    /// <param name="Error">The standard error of that mean.</param>
    /// <param name="UnderWay">How many were under way, by Little's law or at its end.</param>
    /// <param name="Failed">The share of those that were not answered.</param>
    private readonly record struct Window(double Mean, double Own, double Error, double UnderWay, double Failed)
    {
        /// <summary>What the servers' part of the mean is at least, but for chance.</summary>
        public double Least => Math.Max(0, Math.Max(Mean / 2, Mean - (2 * Error)) - Own);

        /// <summary>True where it says more of us than of the servers.</summary>
        public bool IsOurs => Own > Mean / 2;

        /// <summary>What the mean is at most, but for chance.</summary>
        public double Most => Mean + (1.5 * Error);
    }
}
