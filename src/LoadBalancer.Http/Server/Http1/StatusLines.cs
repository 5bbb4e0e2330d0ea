using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace LoadBalancer.Http.Server.Http1;

/// <summary>The status lines of HTTP/1.1 with their standard reason phrases, made once.</summary>
internal static class StatusLines
{
    private const int LeastStatus = 100;
    private const int MostStatus = 999;
    private const int ReasonStart = 13;

    private static readonly byte[][] Lines =
    [
        .. Enumerable.Range(LeastStatus, MostStatus - LeastStatus + 1)
            .Select(status => Encoding.ASCII.GetBytes($"HTTP/1.1 {status} {ReasonPhrases.GetReasonPhrase(status)}\r\n")),
    ];

    /// <summary>The line with its end; the reason is empty where the status has none.</summary>
    public static ReadOnlySpan<byte> Line(int status) => Lines[status - LeastStatus];

    /// <summary>The standard reason.</summary>
    public static ReadOnlySpan<byte> Reason(int status) => Line(status)[ReasonStart..^2];
}
