using LoadBalancer.Endpoints;
using LoadBalancer.Faults;

namespace LoadBalancer.Health;

/// <summary>
/// The passive check of one endpoint: says so when as many leases failed within the window as the file allows, or as many in a
/// row. Whether the endpoint goes is not decided here, but by its upstream, which knows how many are left and how the others do.
/// </summary>
/// <remarks>
/// The times of the last failures stand in a ring: when the oldest of them is still within the window, there were enough.
/// <see cref="Failed"/> runs on the data plane, from any thread, without a lock. Two failures at the same moment may read
/// each other's place before it is written; the worst of it is that the next failure reports instead of this one.
/// A success costs nothing and forgives none of those: connections of hours end well long after an endpoint stopped taking new ones.
/// <para>
/// Failures in a row are told by the count of answers: while that has not moved since the failure before, nothing went well between them. To be outrun
/// by a hedge counts as one there, and only there: who is never heard because another one always answers first would else be asked first for ever.
/// </para>
/// </remarks>
internal sealed class OutlierDetector : FailureObserver
{
    private readonly PassiveHealthOptions _options;
    private readonly TimeProvider _time;
    private readonly Action<Endpoint, Fault, EjectionCause> _report;
    private readonly long[] _times;
    private long _count;
    private long _forgotten;
    private long _quietSince;
    private long _answers = -1;
    private int _inARow;
    private int _state;

    private const int Watching = 0;
    private const int Reported = 1;
    private const int Quiet = 2;

    /// <summary>A detector that goes on where <paramref name="earlier"/> stood, so that a reload forgives nothing.</summary>
    /// <param name="options">How many, within what time.</param>
    /// <param name="time">The clock.</param>
    /// <param name="report">Is told of the endpoint, its last fault and the rule, once, until <see cref="Rearm"/> or <see cref="Pause"/>.</param>
    /// <param name="earlier">The endpoint's detector before the reload; null where it had none.</param>
    public OutlierDetector(PassiveHealthOptions options, TimeProvider time, Action<Endpoint, Fault, EjectionCause> report, OutlierDetector? earlier = null)
    {
        _options = options;
        _time = time;
        _report = report;
        _times = new long[options.Failures];
        if (earlier is not null)
        {
            TakeOver(earlier);
        }
    }

    /// <summary>What it did lately, for whom its upstream compares; belongs to the upstream's loop.</summary>
    public TrafficWindow Window { get; private set; } = new();

    /// <summary>True where a report would be news: it is not out, and not spared lately.</summary>
    public bool IsWatching
    {
        get
        {
            var state = Volatile.Read(ref _state);
            if (state == Quiet && _time.GetElapsedTime(Volatile.Read(ref _quietSince)) > _options.Within)
            {
                Rearm();
                return true;
            }

            return state == Watching;
        }
    }

    /// <inheritdoc/>
    public override void Failed(Endpoint endpoint, Fault fault, bool answered)
    {
        if (!IsWatching)
        {
            return;
        }

        if (!answered && fault.IsOfEndpoint && IsOneTooManyInARow(endpoint))
        {
            Report(endpoint, fault, EjectionCause.Consecutive);
        }

        if (!Counts(fault.Kind))
        {
            return;
        }

        var ticket = Interlocked.Increment(ref _count) - 1;
        Volatile.Write(ref _times[ticket % _times.Length], _time.GetTimestamp());
        var oldest = ticket - _times.Length + 1;
        if (oldest >= Volatile.Read(ref _forgotten)
            && _time.GetElapsedTime(Volatile.Read(ref _times[oldest % _times.Length])) <= _options.Within)
        {
            Report(endpoint, fault, EjectionCause.Failures);
        }
    }

    /// <inheritdoc/>
    public override void Outrun(Endpoint endpoint)
    {
        if (IsWatching && IsOneTooManyInARow(endpoint))
        {
            Report(endpoint, new Fault(FaultSide.Upstream, FaultKind.FirstByteTimeout), EjectionCause.Consecutive);
        }
    }

    /// <summary>Forgets the failures and watches again.</summary>
    public void Rearm()
    {
        Volatile.Write(ref _inARow, 0);
        Volatile.Write(ref _forgotten, Volatile.Read(ref _count));
        Volatile.Write(ref _state, Watching);
    }

    /// <summary>Is quiet until <see cref="Rearm"/>: it is out.</summary>
    public void Hold() => Volatile.Write(ref _state, Reported);

    /// <summary>Forgets the failures and is quiet for one window: a report that changed nothing need not come again at once.</summary>
    public void Pause()
    {
        Volatile.Write(ref _quietSince, _time.GetTimestamp());
        Volatile.Write(ref _state, Quiet);
    }

    /// <summary>What an endpoint is blamed for: it did not take the connection, broke it off, or hung up at once.</summary>
    private static bool Counts(FaultKind kind) =>
        kind is FaultKind.ConnectRefused or FaultKind.ConnectTimeout or FaultKind.ConnectUnreachable or FaultKind.Reset or FaultKind.EarlyClose
            or FaultKind.TlsFailed or FaultKind.TlsVerifyFailed;

    private bool IsOneTooManyInARow(Endpoint endpoint)
    {
        if (_options.Consecutive is not { } most)
        {
            return false;
        }

        var answers = endpoint.Load.Answered;
        if (Interlocked.Exchange(ref _answers, answers) != answers)
        {
            Volatile.Write(ref _inARow, 0);
        }

        return Interlocked.Increment(ref _inARow) >= most;
    }

    private void Report(Endpoint endpoint, Fault fault, EjectionCause cause)
    {
        if (Interlocked.CompareExchange(ref _state, Reported, Watching) == Watching)
        {
            _report(endpoint, fault, cause);
        }
    }

    private void TakeOver(OutlierDetector earlier)
    {
        (_answers, _inARow) = (Volatile.Read(ref earlier._answers), Volatile.Read(ref earlier._inARow));
        if (earlier._options.Within == _options.Within)
        {
            Window = earlier.Window;
        }

        var count = Volatile.Read(ref earlier._count);
        var oldest = Math.Max(Volatile.Read(ref earlier._forgotten), count - Math.Min(earlier._times.Length, _times.Length));
        for (var ticket = oldest; ticket < count; ticket++)
        {
            _times[_count++ % _times.Length] = Volatile.Read(ref earlier._times[ticket % earlier._times.Length]);
        }
    }
}
