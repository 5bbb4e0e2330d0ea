using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Endpoints;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// POST /drain and POST /enable: takes endpoints out of traffic, or gives them back. An endpoint that is drained gets no new
/// connection; those that are open go on, with <c>&amp;within=DURATION</c> for so long at most.
/// </summary>
/// <param name="drain">True for /drain.</param>
/// <param name="present">What runs.</param>
/// <param name="drained">Remembers.</param>
/// <param name="deadlines">Ends what is open when the time is over.</param>
/// <param name="time">Says since when.</param>
internal sealed class DrainAction(bool drain, Func<Snapshot> present, EndpointNotes drained, DrainDeadlines deadlines, TimeProvider time)
    : EndpointAction(drain ? "/drain" : "/enable", present, drained)
{
    private readonly EndpointNotes _drained = drained;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters { get; } = drain ? ["upstream", "endpoint", "within"] : ["upstream", "endpoint"];

    /// <inheritdoc/>
    protected override string? Refuse(AdminRequest request) =>
        request["within"] is { } within && !DrainDeadlines.Durations.TryParse(within, out _) ? $"'within' expects {DrainDeadlines.Durations.Expected}, not {ScalarNode.Quote(within)}" : null;

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

    /// <inheritdoc/>
    protected override void OnApplied(AdminRequest request, Upstream upstream, IReadOnlyList<EndpointId> chosen)
    {
        if (request["within"] is { } text && DrainDeadlines.Durations.TryParse(text, out var within))
        {
            deadlines.Begin(upstream.Name, [.. upstream.View.All.Select(member => member.Endpoint).Where(endpoint => chosen.Contains(endpoint.Id))], within);
        }
    }
}
