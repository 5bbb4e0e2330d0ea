using System.Text.Json.Serialization;

namespace LoadBalancer.Daemon.State;

/// <summary>What became of a configuration that was loaded.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HistoryOutcome>))]
internal enum HistoryOutcome : byte
{
    /// <summary>It took effect, and was good until the next one came.</summary>
    [JsonStringEnumMemberName("applied")]
    Applied,

    /// <summary>It was refused and changed nothing.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>It took effect, and a rollback or the guard went back behind it.</summary>
    [JsonStringEnumMemberName("taken_back")]
    TakenBack,
}
