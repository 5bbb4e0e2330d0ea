using System.Text.Json.Serialization;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>Where the configuration that runs comes from.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConfigOrigin>))]
internal enum ConfigOrigin : byte
{
    /// <summary>The file.</summary>
    [JsonStringEnumMemberName("file")]
    File,

    /// <summary>The state folder: the file was no use at start.</summary>
    [JsonStringEnumMemberName("last_good")]
    LastGood,

    /// <summary>The state folder: an operator went back to it.</summary>
    [JsonStringEnumMemberName("rollback")]
    Rollback,

    /// <summary>What ran before: the guard went back to it.</summary>
    [JsonStringEnumMemberName("guard")]
    Guard,
}
