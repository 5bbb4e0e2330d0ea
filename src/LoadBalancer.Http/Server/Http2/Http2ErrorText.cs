using System.Globalization;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>What errors are called in RFC 9113 section 7.</summary>
internal static class Http2ErrorText
{
    private static readonly string[] Names =
    [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL",
        "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ];

    /// <summary>The name of an error; its number where it has none.</summary>
    public static string Of(uint error) => error < Names.Length ? Names[error] : string.Create(CultureInfo.InvariantCulture, $"error {error}");
}
