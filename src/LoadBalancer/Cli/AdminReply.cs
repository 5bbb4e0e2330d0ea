using System.Net;
using System.Text.Json;

namespace LoadBalancer.Daemon.Cli;

/// <summary>What a running lb answered.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body.</param>
internal sealed record AdminReply(HttpStatusCode Status, string Body)
{
    /// <summary>True where it did what was asked.</summary>
    public bool Succeeded => (int)Status is >= 200 and < 300;

    /// <summary>The body as JSON; undefined where it is none.</summary>
    public JsonElement Json
    {
        get
        {
            try
            {
                return JsonElement.Parse(Body);
            }
            catch (JsonException)
            {
                return default;
            }
        }
    }

    /// <summary>Why it did not.</summary>
    public string Error => Json is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty("error", out var error)
        ? error.GetString() ?? Body
        : string.IsNullOrWhiteSpace(Body) ? $"lb answered {(int)Status}" : Body.Trim();
}
