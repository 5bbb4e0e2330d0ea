namespace LoadBalancer.Endpoints;

/// <summary>A change of what is thought of an endpoint, for the log and the metrics. Rare by nature: never one per connection.</summary>
/// <param name="Endpoint">Whom it concerns.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Reason">Why, as a sentence for the operator.</param>
public sealed record EndpointTransition(EndpointId Endpoint, TransitionKind Kind, string Reason)
{
    /// <summary>The rule that took it out, or would have; null where it is about something else.</summary>
    public EjectionCause? Cause { get; init; }
}
