using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoadBalancer.Http.Explaining;

namespace LoadBalancer.Daemon.Explaining;

/// <summary>The JSON of questions and explanations: keys in snake case, as in the file and in /status; unknown ones are refused.</summary>
[JsonSerializable(typeof(Question))]
[JsonSerializable(typeof(Explanation))]
[JsonSerializable(typeof(FailedRequest))]
[JsonSerializable(typeof(IReadOnlyList<FailedRequest>))]
internal sealed partial class ExplainJson : JsonSerializerContext
{
    private static readonly ExplainJson Readable = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter<MissReason>(JsonNamingPolicy.SnakeCaseLower) },
        RespectNullableAnnotations = true,
        MaxDepth = 16,
        WriteIndented = true,
        // No page of HTML ever holds it, and what quotes the file is to be read as it is.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>The document.</summary>
    public static byte[] Format<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, typeof(T), Readable);

    /// <summary>What a document says.</summary>
    /// <exception cref="JsonException">It is none of these.</exception>
    public static T Read<T>(ReadOnlySpan<byte> utf8)
        where T : class => (T?)JsonSerializer.Deserialize(utf8, typeof(T), Readable) ?? throw new JsonException("null is none");
}
