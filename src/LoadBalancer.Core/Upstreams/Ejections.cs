using System.Collections.Immutable;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Health;

namespace LoadBalancer.Upstreams;

/// <summary>
/// The passive health of an upstream as a whole: takes failing endpoints out, within bounds, and back in when their time
/// has passed. Belongs to the upstream's loop and is not thread-safe.
/// </summary>
internal sealed class Ejections : IDisposable
{
    private static readonly TimeSpan Soonest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan FastestReading = TimeSpan.FromMilliseconds(100);

    private readonly PassiveHealthOptions _options;
    private readonly BuildContext _context;
    private readonly Action<Endpoint, Fault, EjectionCause> _report;
    private readonly ITimer _due;
    private readonly ITimer? _reading;
    private ImmutableArray<Member> _all = [];

    /// <summary>The passive health of an upstream that has no members before <see cref="Watch"/>.</summary>
    /// <param name="options">The bounds.</param>
    /// <param name="context">Time, and whom to tell.</param>
    /// <param name="report">Is told, from any thread, of an endpoint that failed too often.</param>
    /// <param name="due">Is called when the time of an ejection has passed, so that <see cref="End"/> be called.</param>
    /// <param name="reading">Is called when it is time to compare, so that <see cref="Judge"/> be called.</param>
    public Ejections(PassiveHealthOptions options, BuildContext context, Action<Endpoint, Fault, EjectionCause> report, Action due, Action reading)
    {
        _options = options;
        _context = context;
        _report = report;
        _due = context.Time.CreateTimer(static state => ((Action)state!)(), due, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (options.IsReading)
        {
            var pause = options.Within / TrafficWindow.Slices;
            pause = pause < FastestReading ? FastestReading : pause;
            _reading = context.Time.CreateTimer(static state => ((Action)state!)(), reading, pause, pause);
        }
    }

    /// <summary>
    /// Watches these members and no others from now on. Of one that it did not watch, it takes over the failures that were
    /// counted so far; one that is gone is not watched any more, whatever its open connections come to. Where more are out than may be of these, some come back.
    /// </summary>
    public void Watch(ImmutableArray<Member> all)
    {
        var (before, after) = (_all.Select(member => member.Endpoint).ToHashSet(), all.Select(member => member.Endpoint).ToHashSet());
        foreach (var gone in before.Where(endpoint => !after.Contains(endpoint)))
        {
            gone.Observer = null;
        }

        foreach (var added in after.Where(endpoint => !before.Contains(endpoint)))
        {
            if (_options.SlowerThan is not null)
            {
                added.Load.MeasureAnswers();
            }

            added.Observer = new OutlierDetector(_options, _context.Time, _report, added.Observer as OutlierDetector);
        }

        _all = all;
        End();
        EndBeyond();
    }

    /// <summary>Takes an endpoint out that failed too often, unless too many are out already or nobody else is available.</summary>
    public void Eject(Endpoint endpoint, Fault last, EjectionCause cause, ImmutableArray<Member> available)
    {
        var what = cause == EjectionCause.Consecutive ? $"{_options.Consecutive} failures in a row" : $"{_options.Failures} failures within {Seconds(_options.Within)}";
        Eject(new Outlier(endpoint, cause, $"{what}, the last {last.Reason}"), available);
    }

    /// <summary>
    /// Reads what traffic did since the last time, and takes out who stands out. Those that are not in use, or that start slowly, are neither judged
    /// nor compared with, and begin anew when they are.
    /// </summary>
    public void Judge(UpstreamOptions options)
    {
        var compared = new List<(Endpoint, TrafficWindow)>();
        foreach (var member in _all)
        {
            if (member.Endpoint.Observer is OutlierDetector { Window: var window })
            {
                if (Availability.IsFit(member, options.Health) && !SlowStart.IsRamping(member, options, _context.Time))
                {
                    window.Read(member.Endpoint, member.Endpoint.Health.FitSince);
                    compared.Add((member.Endpoint, window));
                }
                else
                {
                    window.Forget();
                }
            }
        }

        foreach (var outlier in OutlierRules.Find(_options, compared))
        {
            if (outlier.Endpoint.Observer is OutlierDetector { IsWatching: true })
            {
                Eject(outlier, Availability.Of(_all, options.Health).Members);
            }
        }
    }

    private void Eject(Outlier outlier, ImmutableArray<Member> available)
    {
        var (endpoint, cause, reason) = outlier;
        if (endpoint.Health.IsEjected || !available.Any(member => member.Endpoint == endpoint))
        {
            (endpoint.Observer as OutlierDetector)?.Pause();
            return;
        }

        if (Refusal(available) is { } refusal)
        {
            (endpoint.Observer as OutlierDetector)?.Pause();
            endpoint.Health.Count(TransitionKind.Spared);
            _context.Tell(new EndpointTransition(endpoint.Id, TransitionKind.Spared, $"{reason}; kept: {refusal}") { Cause = cause });
            return;
        }

        var repeats = EjectionRules.Repeats(_options, endpoint.Health.Ejection, _context.Time);
        var length = EjectionRules.For(_options, repeats);
        endpoint.Health.Ejection =
            new Ejection(repeats, length, _context.Time.GetTimestamp(), _context.Time.GetUtcNow(), reason) { Cause = cause };
        (endpoint.Observer as OutlierDetector)?.Hold();
        endpoint.Health.Count(TransitionKind.Ejected);
        endpoint.Health.Count(cause);
        _context.Tell(new EndpointTransition(endpoint.Id, TransitionKind.Ejected, $"{reason}; out for {Seconds(length)}") { Cause = cause });
        Schedule();
    }

    /// <summary>Takes back in whoever's time has passed.</summary>
    public void End()
    {
        foreach (var (endpoint, _, _) in _all)
        {
            if (endpoint.Health.Ejection is { Over: false } ejection && Left(ejection) <= TimeSpan.Zero)
            {
                Return(endpoint, ejection, $"{Seconds(ejection.For)} have passed");
            }
        }

        Schedule();
    }

    /// <summary>Stops the timers. Ejections and detectors stay with the endpoints, for whoever takes over.</summary>
    public void Dispose()
    {
        _due.Dispose();
        _reading?.Dispose();
    }

    // The first that went are the first to come back: the others' failures are newer.
    private void EndBeyond()
    {
        var (open, most) = Bound();
        var ejected = open.Where(member => member.Endpoint.Health.IsEjected).OrderBy(member => member.Endpoint.Health.Ejection!.At).ToList();
        foreach (var (endpoint, _, _) in ejected.Take(ejected.Count - most))
        {
            Return(endpoint, endpoint.Health.Ejection!, $"max_ejected allows {most} of {open.Count}");
        }

        Schedule();
    }

    private void Return(Endpoint endpoint, Ejection ejection, string reason)
    {
        endpoint.Health.Ejection = ejection with { Over = true };
        (endpoint.Observer as OutlierDetector)?.Rearm();
        endpoint.Health.Count(TransitionKind.Returned);
        _context.Tell(new EndpointTransition(endpoint.Id, TransitionKind.Returned, reason));
    }

    // Whoever gets nothing anyway is no loss when it is out, and no reason to do without another one.
    private (List<Member> Open, int Most) Bound()
    {
        var open = _all.Where(Availability.IsOpen).ToList();
        return (open, EjectionRules.Most(_options, open.Count));
    }

    private string? Refusal(ImmutableArray<Member> available)
    {
        var (open, most) = Bound();
        var ejected = open.Count(member => member.Endpoint.Health.IsEjected);
        return ejected >= most
            ? $"{ejected} of {open.Count} are out, and max_ejected allows {most}"
            : available.Length <= 1 ? "nobody else is available" : null;
    }

    private TimeSpan Left(Ejection ejection) => ejection.For - _context.Time.GetElapsedTime(ejection.At);

    private void Schedule()
    {
        TimeSpan? next = null;
        foreach (var (endpoint, _, _) in _all)
        {
            if (endpoint.Health.Ejection is { Over: false } ejection)
            {
                var left = Left(ejection);
                next = next is null || left < next ? left : next;
            }
        }

        // A system timer may fire a little early; then the rest is waited for.
        _due.Change(next is null ? Timeout.InfiniteTimeSpan : next < Soonest ? Soonest : next.Value, Timeout.InfiniteTimeSpan);
    }

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.###} s";
}
