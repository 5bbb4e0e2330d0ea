using Microsoft.Net.Http.Headers;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>The page of metrics: every collector, asked in order, in the format that the reader prefers. Thread-safe.</summary>
internal sealed class Exposition(IReadOnlyList<IMetricCollector> collectors)
{
    /// <summary>The page as of now; the caller disposes of it.</summary>
    /// <param name="accept">The request's Accept header, which Prometheus uses to ask for OpenMetrics; null is no preference.</param>
    public (string ContentType, PagedText Page) Write(string? accept)
    {
        var format = Negotiate(accept);
        using var text = new TextExposition(format);
        foreach (var collector in collectors)
        {
            collector.Collect(text);
        }

        var type = format == ExpositionFormat.OpenMetrics
            ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
            : "text/plain; version=0.0.4; charset=utf-8";
        return (type, text.End());
    }

    /// <summary>
    /// OpenMetrics where the reader names it, in a version that we write, and likes it no less than plain text. Anything else,
    /// a browser or a header that cannot be read, gets the text.
    /// </summary>
    internal static ExpositionFormat Negotiate(string? accept)
    {
        if (accept is null || !MediaTypeHeaderValue.TryParseList([accept], out var accepted))
        {
            return ExpositionFormat.Text;
        }

        var openMetrics = Preference(accepted, "application/openmetrics-text", "1.0.0", "0.0.1");
        return openMetrics > 0 && openMetrics >= Preference(accepted, "text/plain", "0.0.4") ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text;
    }

    private static double Preference(IEnumerable<MediaTypeHeaderValue> accepted, string mediaType, params string[] versions) =>
        accepted.Where(type => type.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase) && (Version(type) is not { } version || versions.Contains(version)))
            .Select(type => type.Quality ?? 1)
            .DefaultIfEmpty(0)
            .Max();

    private static string? Version(MediaTypeHeaderValue type) =>
        type.Parameters.FirstOrDefault(parameter => parameter.Name == "version")?.Value.Value?.Trim('"');
}
