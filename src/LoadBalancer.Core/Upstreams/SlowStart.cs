using System.Collections.Immutable;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Upstreams;

/// <summary>
/// The weights of endpoints that have just become available: healthy again, back from an ejection, enabled by an operator
/// or new. Such an endpoint begins with a tenth of its weight and gains a tenth at every ninth of
/// <c>slow_start</c>, because an empty process has cold caches and few open connections, and would get the most of all.
/// Belongs to the upstream's loop and is not thread-safe; only <see cref="Weigh"/> and <see cref="IsRamping"/> are for all.
/// </summary>
/// <remarks>
/// What an upstream has from its first moment begins at full weight: there is nobody to carry the load meanwhile. In panic there is no ramp
/// either. And none for <c>hash</c>: every step would be another table that moves keys in vain, and instances that saw the
/// endpoint come at different moments would disagree about its keys for the whole of the ramp.
/// </remarks>
internal sealed class SlowStart : IDisposable
{
    private const int Steps = 10;
    private static readonly TimeSpan Soonest = TimeSpan.FromMilliseconds(1);

    private readonly UpstreamOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer? _due;
    private bool _first;

    /// <summary>Notes from here on who becomes available.</summary>
    /// <param name="options">How long a ramp is, and what is thought fit.</param>
    /// <param name="time">The clock.</param>
    /// <param name="first">True where no upstream was there before: who is fit then is warm.</param>
    /// <param name="due">Is called at each step, so that a view with other weights be built.</param>
    public SlowStart(UpstreamOptions options, TimeProvider time, bool first, Action due)
    {
        (_options, _time, _first) = (options, time, first);
        if (Applies(options))
        {
            _due = time.CreateTimer(static state => ((Action)state!)(), due, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>
    /// <paramref name="available"/> with the weights of this moment: where somebody is on a ramp, all weights are in tenths.
    /// An endpoint that was not seen fit yet is at the beginning of its ramp.
    /// </summary>
    public static ImmutableArray<Member> Weigh(ImmutableArray<Member> available, UpstreamOptions options, TimeProvider time) =>
        Applies(options) && available.Any(member => Step(member, options, time) < Steps)
            ? [.. available.Select(member => member with { Weight = member.Weight * Step(member, options, time) })]
            : available;

    /// <summary>True where <paramref name="member"/> does not have all of its share yet.</summary>
    public static bool IsRamping(Member member, UpstreamOptions options, TimeProvider time) => Applies(options) && Step(member, options, time) < Steps;

    /// <summary>Notes who became fit and who ceased to be, and waits for the next step.</summary>
    public void Note(ImmutableArray<Member> all)
    {
        var now = _time.GetTimestamp();
        foreach (var member in all)
        {
            var health = member.Endpoint.Health;
            if (!Availability.IsFit(member, _options.Health))
            {
                health.FitSince = HealthState.NotFit;
            }
            else if (health.FitSince == HealthState.NotFit)
            {
                health.FitSince = _first ? HealthState.FitFromTheFirst : now;
            }
        }

        _first = false;
        Schedule(all);
    }

    /// <summary>Stops the timer. Ramps go on with whoever takes over.</summary>
    public void Dispose() => _due?.Dispose();

    private void Schedule(ImmutableArray<Member> all)
    {
        if (_due is null)
        {
            return;
        }

        var next = TimeSpan.MaxValue;
        foreach (var member in all)
        {
            var step = Step(member, _options, _time);
            if (step < Steps && member.Endpoint.Health.FitSince != HealthState.NotFit)
            {
                var left = (_options.SlowStart!.Value * step / (Steps - 1)) - _time.GetElapsedTime(member.Endpoint.Health.FitSince);
                next = left < next ? left : next;
            }
        }

        // A system timer may fire a little early; then the rest is waited for.
        _due.Change(next == TimeSpan.MaxValue ? Timeout.InfiniteTimeSpan : next < Soonest ? Soonest : next, Timeout.InfiniteTimeSpan);
    }

    private static bool Applies(UpstreamOptions options) => options.SlowStart is not null && options.Balance != "hash";

    /// <summary>How many tenths of its weight a member has.</summary>
    private static int Step(Member member, UpstreamOptions options, TimeProvider time) => member.Endpoint.Health.FitSince switch
    {
        HealthState.NotFit => 1,
        HealthState.FitFromTheFirst => Steps,
        var since => (int)Math.Min(Steps, 1 + (long)(time.GetElapsedTime(since) * (Steps - 1) / options.SlowStart!.Value)),
    };
}
