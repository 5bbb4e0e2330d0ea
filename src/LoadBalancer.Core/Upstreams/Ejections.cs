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

    private readonly PassiveHealthOptions _options;
    private readonly BuildContext _context;
    private readonly Action<Endpoint, Fault> _report;
    private readonly ITimer _due;
    private ImmutableArray<Member> _all = [];

    /// <summary>The passive health of an upstream that has no members before <see cref="Watch"/>.</summary>
    /// <param name="options">The bounds.</param>
    /// <param name="context">Time, and whom to tell.</param>
    /// <param name="report">Is told, from any thread, of an endpoint that failed too often.</param>
    /// <param name="due">Is called when the time of an ejection has passed, so that <see cref="End"/> be called.</param>
    public Ejections(PassiveHealthOptions options, BuildContext context, Action<Endpoint, Fault> report, Action due)
    {
        _options = options;
        _context = context;
        _report = report;
        _due = context.Time.CreateTimer(static state => ((Action)state!)(), due, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Watches these members and no others from now on. Of one that it did not watch, it takes over the failures that were
    /// counted so far; one that is gone is not watched any more, whatever its open connections come to.
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
            added.Observer = new OutlierDetector(_options, _context.Time, _report, added.Observer as OutlierDetector);
        }

        _all = all;
        End();
    }

    /// <summary>Takes an endpoint out, unless too many are out already or nobody else is available.</summary>
    public void Eject(Endpoint endpoint, Fault last, ImmutableArray<Member> available)
    {
        if (endpoint.Health.IsEjected || !available.Any(member => member.Endpoint == endpoint))
        {
            (endpoint.Observer as OutlierDetector)?.Pause();
            return;
        }

        var reason = $"{_options.Failures} failures within {Seconds(_options.Within)}, the last {last.Reason}";
        if (Refusal(available) is { } refusal)
        {
            (endpoint.Observer as OutlierDetector)?.Pause();
            endpoint.Health.Count(TransitionKind.Spared);
            _context.Tell(new EndpointTransition(endpoint.Id, TransitionKind.Spared, $"{reason}; kept: {refusal}"));
            return;
        }

        var repeats = EjectionRules.Repeats(_options, endpoint.Health.Ejection, _context.Time);
        var length = EjectionRules.For(_options, repeats);
        endpoint.Health.Ejection =
            new Ejection(repeats, length, _context.Time.GetTimestamp(), _context.Time.GetUtcNow(), reason);
        endpoint.Health.Count(TransitionKind.Ejected);
        _context.Tell(new EndpointTransition(endpoint.Id, TransitionKind.Ejected, $"{reason}; out for {Seconds(length)}"));
        Schedule();
    }

    /// <summary>Takes back in whoever's time has passed.</summary>
    public void End()
    {
        foreach (var (endpoint, _, _) in _all)
        {
            if (endpoint.Health.Ejection is { Over: false } ejection && Left(ejection) <= TimeSpan.Zero)
            {
                endpoint.Health.Ejection = ejection with { Over = true };
                (endpoint.Observer as OutlierDetector)?.Rearm();
                endpoint.Health.Count(TransitionKind.Returned);
                _context.Tell(new EndpointTransition(endpoint.Id, TransitionKind.Returned, $"{Seconds(ejection.For)} have passed"));
            }
        }

        Schedule();
    }

    /// <summary>Stops the timer. Ejections and detectors stay with the endpoints, for whoever takes over.</summary>
    public void Dispose() => _due.Dispose();

    private string? Refusal(ImmutableArray<Member> available)
    {
        var most = EjectionRules.Most(_options, _all.Length);
        var ejected = _all.Count(member => member.Endpoint.Health.IsEjected);
        return ejected >= most
            ? $"{ejected} of {_all.Length} are out, and max_ejected allows {most}"
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
