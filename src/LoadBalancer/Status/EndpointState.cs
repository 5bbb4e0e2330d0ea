using System.Text.Json.Serialization;

namespace LoadBalancer.Daemon.Status;

/// <summary>Whether an endpoint may be picked, and if not, why.</summary>
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
