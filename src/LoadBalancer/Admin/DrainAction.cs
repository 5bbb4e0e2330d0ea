using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Endpoints;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// POST /drain and POST /enable: takes endpoints out of traffic, or gives them back. An endpoint that is drained gets no new
/// connection; those that are open go on.
/// </summary>
/// <param name="drain">True for /drain.</param>
/// <param name="present">What runs.</param>
/// <param name="drained">Remembers.</param>
/// <param name="time">Says since when.</param>
internal sealed class DrainAction(bool drain, Func<Snapshot> present, EndpointNotes drained, TimeProvider time)
    : EndpointAction(drain ? "/drain" : "/enable", present, drained)
{
    private readonly EndpointNotes _drained = drained;

    /// <inheritdoc/>
    protected override bool Forgets(AdminRequest request) => !drain;

    /// <inheritdoc/>
    protected override void Note(AdminRequest request, IReadOnlyList<EndpointId> chosen)
    {
        if (drain)
        {
            _drained.Add(chosen, time.GetUtcNow(), request.Who);
        }
        else
        {
            _drained.Remove(chosen);
        }
    }

    /// <inheritdoc/>
    protected override void Apply(AdminRequest request, Upstream upstream, EndpointId id) => _ = drain ? upstream.Drain(id) : upstream.Enable(id);
}
