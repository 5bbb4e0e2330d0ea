namespace LoadBalancer.Endpoints;

/// <summary>What probing says of an endpoint.</summary>
public enum HealthVerdict : byte
{
    /// <summary>No probe has answered yet, or there are none. It is used like a healthy one.</summary>
    Unproven,

    /// <summary>It gets traffic.</summary>
    Healthy,

    /// <summary>It gets no new connection.</summary>
    Unhealthy,
}
