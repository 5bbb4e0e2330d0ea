using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;

namespace LoadBalancer.Upstreams;

/// <summary>Something that an upstream's loop has to know. The loop takes events one by one and is the only one to build views.</summary>
internal abstract record UpstreamEvent
{
    private UpstreamEvent()
    {
    }

    /// <summary>Probing has a new verdict of an endpoint.</summary>
    public sealed record HealthChanged(Endpoint Endpoint) : UpstreamEvent;

    /// <summary>Watched traffic saw an endpoint fail too often, the last time with this fault.</summary>
    public sealed record FailedTooOften(Endpoint Endpoint, Fault Last, EjectionCause Cause) : UpstreamEvent;

    /// <summary>It is time to compare what endpoints do with traffic.</summary>
    public sealed record ReadingDue : UpstreamEvent;

    /// <summary>The time of an ejection has passed.</summary>
    public sealed record EjectionDue : UpstreamEvent;

    /// <summary>An endpoint that starts slowly is due for more weight.</summary>
    public sealed record SlowStartDue : UpstreamEvent;

    /// <summary>An operator has drained or enabled an endpoint.</summary>
    public sealed record Operated(Endpoint Endpoint) : UpstreamEvent;

    /// <summary>The circuit breaker has changed its state.</summary>
    public sealed record CircuitChanged(CircuitTransition Transition) : UpstreamEvent;

    /// <summary>An operator has given an endpoint another weight, or the file's again.</summary>
    public sealed record Weighed : UpstreamEvent;

    /// <summary>Discovery has another set; it is the whole of it.</summary>
    public sealed record Discovered(ValueList<EndpointOptions> Endpoints) : UpstreamEvent;

    /// <summary>Asks to be told when everything before it has been applied.</summary>
    public sealed record Fence(TaskCompletionSource Passed) : UpstreamEvent;
}
