using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// Watches, after a reload, whether requests fare worse than before it, route by route, and says so once. It reads counters that are there
/// anyway, once a minute and while it watches once a second: requests pay nothing. Thread-safe.
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
    public DateTimeOffset? Until { get; private set; }

    /// <summary>What runs has these routes: their counters are read from time to time where a guard may ask for them, and forgotten where not.</summary>
    public void Follow(Func<IReadOnlyList<GuardedRoute>> routes, bool guarded)
    {
        lock (_gate)
        {
            _routes = guarded ? routes() : [];
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

    /// <summary>Watches from now on.</summary>
    /// <param name="options">What may be.</param>
    /// <param name="before">The routes of what ran before.</param>
    /// <param name="after">The routes of what runs now.</param>
    public void Begin(GuardOptions options, IReadOnlyList<GuardedRoute> before, IReadOnlyList<GuardedRoute> after)
    {
        lock (_gate)
        {
            if (!_sampling)
            {
                _log.Info("the guard has seen no requests yet: it watches from the next reload on");
                return;
            }

            var baseline = Until is null
                ? before.ToDictionary(route => route.Metrics, route => new Watched(route, Baseline(route.Metrics), RouteCounts.None, RefusalsCount: true))
                : _watched;
            _watched = after.Where(route => baseline.TryGetValue(route.Metrics, out var known) && known.Before.Requests >= GuardComparison.LeastRequests).ToDictionary(
                route => route.Metrics,
                route => baseline[route.Metrics] with
                {
                    Begun = RouteCounts.Of(route.Metrics),
                    RefusalsCount = baseline[route.Metrics].Route.Admission == route.Admission,
                });
            (_options, _began, Finding, Until) = (options, _time.GetTimestamp(), null, _time.GetUtcNow() + options.For);
            _look.Change(Looking, Looking);
        }
    }

    /// <summary>Watches no more.</summary>
    /// <param name="takenBack">True where the reload was taken back: what was counted since is no part of any "before".</param>
    public void End(bool takenBack = false)
    {
        lock (_gate)
        {
            if (takenBack)
            {
                _carried = _watched.ToDictionary(entry => entry.Key, entry => entry.Value.Before);
                _samples.Clear();
                _samples.Enqueue(Read());
            }

            (_watched, _options, Finding, Until) = ([], null, null, null);
            _look.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sample.Dispose();
        _look.Dispose();
    }

    private RouteCounts Baseline(RouteMetrics metrics) => RouteCounts.Of(metrics)
        .Since(_samples.Peek().GetValueOrDefault(metrics, RouteCounts.None))
        .And(_carried.GetValueOrDefault(metrics, RouteCounts.None));

    private Dictionary<RouteMetrics, RouteCounts> Read() =>
        _routes.Where(route => route.Metrics.Requests > 0).ToDictionary(route => route.Metrics, route => RouteCounts.Of(route.Metrics));

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
                if (GuardComparison.Worse(watched.Before, after, options, watched.RefusalsCount, elapsed) is var (measure, was, now))
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
