using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoadBalancer.Daemon.Status;

/// <summary>The JSON form of <see cref="GatewayStatus"/>: keys in snake case, as in the file.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Serialization, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(GatewayStatus))]
internal sealed partial class StatusJson : JsonSerializerContext
{
    /// <summary>The document, with a line feed at its end, because people read it with curl.</summary>
    public static byte[] Format(GatewayStatus status) => [.. JsonSerializer.SerializeToUtf8Bytes(status, Default.GatewayStatus), (byte)'\n'];
}
