using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoadBalancer.Daemon.State;

namespace LoadBalancer.Daemon.Admin;

/// <summary>The JSON of answers to changes: keys in snake case, as in the file and in /status.</summary>
[JsonSerializable(typeof(ProblemAnswer))]
[JsonSerializable(typeof(ReloadAnswer))]
[JsonSerializable(typeof(ChangedAnswer))]
[JsonSerializable(typeof(UpgradeAnswer))]
[JsonSerializable(typeof(PurgedAnswer))]
[JsonSerializable(typeof(UsageDocument))]
[JsonSerializable(typeof(IReadOnlyList<HistoryEntry>))]
internal sealed partial class AdminJson : JsonSerializerContext
{
    private static readonly AdminJson Readable = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        // No page of HTML ever holds it, and an error that quotes the file is to be read as it is.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>The document.</summary>
    public static byte[] Format<T>(T answer) => JsonSerializer.SerializeToUtf8Bytes(answer, typeof(T), Readable);
}
