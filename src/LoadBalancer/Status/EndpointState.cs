using System.Text.Json.Serialization;

namespace LoadBalancer.Daemon.Status;

/// <summary>What is thought of an endpoint. It is picked in the state available, and in panic in any but drained.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<EndpointState>))]
internal enum EndpointState : byte
{
    /// <summary>It may be picked.</summary>
    [JsonStringEnumMemberName("available")]
    Available,

    /// <summary>Its probes fail.</summary>
    [JsonStringEnumMemberName("unhealthy")]
    Unhealthy,

    /// <summary>Watched traffic took it out for a time.</summary>
    [JsonStringEnumMemberName("ejected")]
    Ejected,

    /// <summary>An operator drained it, or its weight is 0: what it has goes on, and it gets nothing new.</summary>
    [JsonStringEnumMemberName("drained")]
    Drained,
}
