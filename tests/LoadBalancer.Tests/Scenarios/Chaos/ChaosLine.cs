using System.Globalization;
using System.Text.Json;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>A line of the access log.</summary>
/// <param name="At">When it was written, on the run's clock.</param>
/// <param name="Key">The request's id, or the client's address where it is of a connection.</param>
/// <param name="Result"><c>ok</c> or a reason.</param>
/// <param name="Endpoint">The endpoint of the last attempt; null where there was none.</param>
/// <param name="Status">The status; null for a connection.</param>
/// <param name="Text">All of it.</param>
internal sealed record ChaosLine(TimeSpan At, string Key, string Result, string? Endpoint, int? Status, string Text)
{
    /// <summary>True where bytes are passed on as they are: a connection, or a WebSocket.</summary>
    public bool IsRelay => Status is null or 101 || (Status == 200 && Text.Contains("\"method\":\"CONNECT\"", StringComparison.Ordinal));

    /// <summary>Reads a line.</summary>
    /// <param name="text">The line.</param>
    /// <param name="began">When the run's clock began.</param>
    public static ChaosLine Parse(string text, DateTimeOffset began)
    {
        using var line = JsonDocument.Parse(text);
        string? Text(string key) => line.RootElement.TryGetProperty(key, out var value) ? value.GetString() : null;
        return new ChaosLine(
            DateTimeOffset.Parse(Text("time")!, CultureInfo.InvariantCulture) - began,
            Text("request_id") ?? Text("client") ?? "",
            Text("result") ?? "none",
            Text("endpoint"),
            line.RootElement.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.Number ? status.GetInt32() : null,
            text);
    }
}
