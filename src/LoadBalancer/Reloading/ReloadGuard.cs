using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// Watches, after a reload, whether requests fare worse than before it, route by route, and says so once. It reads counters that are there
/// where a guard is configured, once a minute and while it watches once a second. Thread-safe.
/// </summary>
/// <remarks>
/// A reload while it watches: both are compared with what was before the first, for the whole time anew. After a return the time in which
/// the bad configuration ran is no part of what later reloads are compared with.
/// </remarks>
internal sealed class ReloadGuard : IDisposable
{
    /// <summary>Minutes that count as before.</summary>
    private const int Minutes = 5;

    private static readonly TimeSpan Sampling = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Looking = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly LogSink _log;
    private readonly ITimer _sample;
    private readonly ITimer _look;
    private readonly Lock _gate = new();

    // Counters of a minute ago, of two, and so on; those of routes that nobody has asked for are left out.
    private readonly Queue<Dictionary<RouteMetrics, RouteCounts>> _samples = new();
    private IReadOnlyList<GuardedRoute> _routes = [];
    private Dictionary<RouteMetrics, RouteCounts> _carried = [];
    private Dictionary<RouteMetrics, Watched> _watched = [];
    private GuardOptions? _options;
    private long _began;
    private long _until;
    private bool _sampling;

    /// <summary>One that watches nothing before <see cref="Follow"/> and <see cref="Begin"/>.</summary>
    /// <param name="time">Its clock.</param>
    /// <param name="log">Told how a watch ends.</param>
    public ReloadGuard(TimeProvider time, LogSink log)
    {
        (_time, _log) = (time, log);
        _sample = time.CreateTimer(static guard => ((ReloadGuard)guard!).TakeSample(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _look = time.CreateTimer(static guard => ((ReloadGuard)guard!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Called once for a reload that is worse than it may be, on a pool thread; <see cref="Finding"/> says what it is.</summary>
    public Action OnWorse { get; set; } = static () => { };

    /// <summary>What was found worse, until <see cref="End"/> or <see cref="Begin"/>; null where nothing was.</summary>
    public GuardFinding? Finding { get; private set; }

    /// <summary>Until when it watches; null where it does not.</summary>
    public DateTimeOffset? Until => Volatile.Read(ref _until) is var ticks and > 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>What runs has these routes: their counters are read from time to time where a guard may ask for them, and forgotten where not.</summary>
    public void Follow(Func<IReadOnlyList<GuardedRoute>> routes, bool guarded)
    {
        lock (_gate)
        {
            var (now, before) = (_time.GetTimestamp(), _routes);
            _routes = guarded ? routes() : [];
            foreach (var metrics in _routes.Select(route => route.Metrics).Where(metrics => metrics.ComparedSince == long.MaxValue))
            {
                metrics.ComparedSince = now;
            }

            foreach (var metrics in before.Select(route => route.Metrics).Except(_routes.Select(route => route.Metrics)))
            {
                metrics.ComparedSince = long.MaxValue;
            }

            if (guarded == _sampling)
            {
                return;
            }

            _sampling = guarded;
            _samples.Clear();
            _carried = [];
            if (guarded)
            {
                _samples.Enqueue(Read());
            }

            _sample.Change(guarded ? Sampling : Timeout.InfiniteTimeSpan, guarded ? Sampling : Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Watches what it follows from now on, where it knows enough of before.</summary>
    /// <param name="options">What may be.</param>
    /// <param name="before">The routes of what ran before.</param>
    public void Begin(GuardOptions options, IReadOnlyList<GuardedRoute> before)
    {
        lock (_gate)
        {
            var baseline = Until is null ? before.ToDictionary(route => route.Metrics, route => new Watched(route, Baseline(route.Metrics), RouteCounts.None, RefusalsCount: true)) : _watched;
            var watched = _routes.Where(route => baseline.TryGetValue(route.Metrics, out var known) && known.Before.Requests >= GuardComparison.LeastRequests).ToDictionary(
                route => route.Metrics,
                route => baseline[route.Metrics] with
                {
                    Begun = RouteCounts.Of(route.Metrics),
                    RefusalsCount = baseline[route.Metrics].Route.Admission.IsSame(route.Admission),
                });
            if (watched.Count == 0)
            {
                End();
                _log.Info("the guard does not watch this reload: it has seen too few requests before it, of any route, to compare with", ("needed", GuardComparison.LeastRequests));
                return;
            }

            (_watched, _options, _began, Finding) = (watched, options, _time.GetTimestamp(), null);
            Forget(_began);
            Volatile.Write(ref _until, (_time.GetUtcNow() + options.For).UtcTicks);
            _look.Change(Looking, Looking);
        }
    }

    /// <summary>Watches no more.</summary>
    /// <param name="takenBack">True where what it watched was taken back: what was counted since is no part of any "before".</param>
    /// <returns>True where it watched.</returns>
    public bool End(bool takenBack = false)
    {
        lock (_gate)
        {
            if (Until is null)
            {
                return false;
            }

            if (takenBack)
            {
                _carried = _watched.ToDictionary(entry => entry.Key, entry => entry.Value.Before);
                Forget(_time.GetTimestamp());
                _samples.Clear();
                _samples.Enqueue(Read());
            }

            (_watched, _options, Finding) = ([], null, null);
            Volatile.Write(ref _until, 0);
            _look.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return true;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sample.Dispose();
        _look.Dispose();
    }

    // Without a sample nothing was counted before, where a guard is asked for that nobody has told to follow.
    private RouteCounts Baseline(RouteMetrics metrics) => !_sampling ? RouteCounts.None : RouteCounts.Of(metrics)
        .Since(_samples.Peek().GetValueOrDefault(metrics, RouteCounts.None))
        .And(_carried.GetValueOrDefault(metrics, RouteCounts.None));

    /// <summary>Requests that are under way say nothing of what runs from now on, and do not count when they end.</summary>
    private void Forget(long now)
    {
        foreach (var metrics in _watched.Keys)
        {
            metrics.ComparedSince = now;
        }
    }

    private Dictionary<RouteMetrics, RouteCounts> Read() =>
        _routes.Where(route => route.Metrics.Outcomes is not null).ToDictionary(route => route.Metrics, route => RouteCounts.Of(route.Metrics));

    private void TakeSample()
    {
        lock (_gate)
        {
            if (_sampling)
            {
                _samples.Enqueue(Read());
            }

            if (_samples.Count > Minutes + 1)
            {
                _samples.Dequeue();
                _carried = [];
            }
        }
    }

    private void Look()
    {
        lock (_gate)
        {
            if (_options is not { } options || Finding is not null)
            {
                return;
            }

            var elapsed = _time.GetElapsedTime(_began);
            var judged = 0;
            foreach (var watched in _watched.Values)
            {
                var after = RouteCounts.Of(watched.Route.Metrics).Since(watched.Begun);
                judged += after.Requests >= GuardComparison.LeastRequests ? 1 : 0;
                if (GuardComparison.Worse(watched.Before, after, options, watched.RefusalsCount) is var (measure, was, now))
                {
                    Finding = new GuardFinding(watched.Route.Listener, watched.Route.Metrics.Route, measure, was, now, after.Requests);
                    break;
                }
            }

            if (Finding is null)
            {
                if (elapsed >= options.For)
                {
                    _log.Info("the guard found nothing worse than before the reload", ("routes_compared", judged));
                    End();
                }

                return;
            }
        }

        OnWorse();
    }

    /// <param name="Route">The route before the reload.</param>
    /// <param name="Before">What it counted before.</param>
    /// <param name="Begun">What it had counted when the watch began.</param>
    /// <param name="RefusalsCount">True where it lets in the same requests.</param>
    private sealed record Watched(GuardedRoute Route, RouteCounts Before, RouteCounts Begun, bool RefusalsCount);
}
