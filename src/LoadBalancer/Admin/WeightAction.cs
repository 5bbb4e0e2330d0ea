using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Values;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Endpoints;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// POST /weight: gives an endpoint another share of traffic than the file, with <c>&amp;weight=0</c> to <c>256</c>, or the file's again, with
/// <c>&amp;reset=true</c>.
/// </summary>
/// <param name="present">What runs.</param>
/// <param name="weights">Remembers.</param>
/// <param name="time">Says since when.</param>
internal sealed class WeightAction(Func<Snapshot> present, EndpointNotes weights, TimeProvider time) : EndpointAction("/weight", present, weights)
{
    private static readonly IntegerKind Weights = new(0, EndpointNotes.MostWeight);

    private readonly EndpointNotes _weights = weights;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters { get; } = ["upstream", "endpoint", "weight", "reset"];

    /// <inheritdoc/>
    protected override string? Refuse(AdminRequest request) =>
        request["reset"] is { } reset and not "true" ? $"'reset' is true or left out, not {ScalarNode.Quote(reset)}"
        : (request["weight"] is null) != Forgets(request) ? "/weight needs 'weight', or 'reset=true' for the weight of the file, and not both"
        : request["weight"] is { } weight && !Weights.TryParse(weight, out _) ? $"'weight' expects {Weights.Expected}, not {ScalarNode.Quote(weight)}"
        : request["endpoint"] is null && !Forgets(request) ? "/weight needs the parameter 'endpoint'"
        : null;

    /// <inheritdoc/>
    protected override bool Forgets(AdminRequest request) => request["reset"] is not null;

    /// <inheritdoc/>
    protected override void Note(AdminRequest request, IReadOnlyList<EndpointId> chosen)
    {
        if (WeightOf(request) is { } weight)
        {
            _weights.Add(chosen, time.GetUtcNow(), request.Who, weight);
        }
        else
        {
            _weights.Remove(chosen);
        }
    }

    /// <inheritdoc/>
    protected override void Apply(AdminRequest request, Upstream upstream, EndpointId id) => upstream.Weigh(id, WeightOf(request));

    private static int? WeightOf(AdminRequest request) => request["weight"] is { } text && Weights.TryParse(text, out var weight) ? weight : null;
}
