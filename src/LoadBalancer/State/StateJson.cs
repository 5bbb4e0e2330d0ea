using System.Text.Json.Serialization;

namespace LoadBalancer.Daemon.State;

/// <summary>The JSON of the state folder's files: keys in snake case, as in the configuration.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(EndpointNote))]
[JsonSerializable(typeof(HistoryDocument))]
[JsonSerializable(typeof(KeptVersion))]
[JsonSerializable(typeof(LeftCounts))]
[JsonSerializable(typeof(NotesDocument))]
[JsonSerializable(typeof(QuotaDocument))]
[JsonSerializable(typeof(UsageDocument))]
internal sealed partial class StateJson : JsonSerializerContext;
