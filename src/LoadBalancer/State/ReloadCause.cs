using System.Text.Json.Serialization;

namespace LoadBalancer.Daemon.State;

/// <summary>What made a configuration be loaded.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ReloadCause>))]
internal enum ReloadCause : byte
{
    /// <summary>The process started.</summary>
    [JsonStringEnumMemberName("start")]
    Start,

    /// <summary>SIGHUP.</summary>
    [JsonStringEnumMemberName("signal")]
    Signal,

    /// <summary>A file changed.</summary>
    [JsonStringEnumMemberName("watch")]
    Watch,

    /// <summary>An operator asked for a reload.</summary>
    [JsonStringEnumMemberName("command")]
    Command,

    /// <summary>An operator asked for an earlier version.</summary>
    [JsonStringEnumMemberName("rollback")]
    Rollback,

    /// <summary>The guard of reloads found the new one worse.</summary>
    [JsonStringEnumMemberName("guard")]
    Guard,
}
