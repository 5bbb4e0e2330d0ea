using System.Globalization;
using System.Text;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>
/// The text that Prometheus reads, in its own format (version 0.0.4) or as OpenMetrics 1.0.0. The two differ in how a
/// counter's or info's family is named, in what a help text escapes, and in the mark of the end. No timestamps: the scraper's
/// clock is the right one.
/// </summary>
internal sealed class TextExposition(ExpositionFormat format) : MetricWriter
{
    private readonly StringBuilder _text = new();

    private bool OpenMetrics => format == ExpositionFormat.OpenMetrics;

    /// <summary>The page, complete.</summary>
    public byte[] End()
    {
        if (OpenMetrics)
        {
            _text.Append("# EOF\n");
        }

        return Encoding.UTF8.GetBytes(_text.ToString());
    }

    /// <inheritdoc/>
    protected override void BeginFamily(MetricFamily family)
    {
        var name = family.Name;
        var type = family.Type switch
        {
            MetricType.Counter => "counter",
            MetricType.Histogram => "histogram",
            MetricType.Info when OpenMetrics => "info",
            _ => "gauge",
        };
        if (OpenMetrics)
        {
            name = family.Type switch { MetricType.Counter => Without(name, "_total"), MetricType.Info => Without(name, "_info"), _ => name };
        }

        var help = family.Help.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
        help = OpenMetrics ? help.Replace("\"", "\\\"", StringComparison.Ordinal) : help;
        _text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
    }

    /// <inheritdoc/>
    protected override void WriteValue(MetricFamily family, double value, ReadOnlySpan<string> labels) => Sample(family, "", labels, null, value);

    /// <inheritdoc/>
    protected override void WriteHistogram(MetricFamily family, LatencySnapshot value, ReadOnlySpan<string> labels)
    {
        for (var bucket = 0; bucket < value.Cumulative.Count; bucket++)
        {
            var bound = bucket < value.Bounds.Count ? Bound(value.Bounds[bucket].TotalSeconds) : "+Inf";
            Sample(family, "_bucket", labels, bound, value.Cumulative[bucket]);
        }

        Sample(family, "_sum", labels, null, value.Sum.TotalSeconds);
        Sample(family, "_count", labels, null, value.Count);
    }

    private static string Without(string name, string suffix) =>
        name.EndsWith(suffix, StringComparison.Ordinal)
            ? name[..^suffix.Length]
            : throw new InvalidOperationException($"the name {name} must end in {suffix}");

    // OpenMetrics writes a bound as a float, "1.0"; the same in both formats, so that a change of format makes no new series.
    private static string Bound(double seconds) => seconds.ToString(seconds == Math.Floor(seconds) ? "0.0" : "R", CultureInfo.InvariantCulture);

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    private void Sample(MetricFamily family, string suffix, ReadOnlySpan<string> labels, string? bound, double value)
    {
        _text.Append(family.Name).Append(suffix);
        var separator = '{';
        for (var index = 0; index < labels.Length; index++)
        {
            Label(separator, family.Labels[index], labels[index]);
            separator = ',';
        }

        if (bound is not null)
        {
            Label(separator, "le", bound);
            separator = ',';
        }

        _text.Append(separator == ',' ? "} " : " ").Append(Number(value)).Append('\n');
    }

    private void Label(char separator, string name, string value)
    {
        _text.Append(separator).Append(name).Append("=\"");
        foreach (var letter in value)
        {
            _ = letter switch
            {
                '\\' => _text.Append(@"\\"),
                '"' => _text.Append("\\\""),
                '\n' => _text.Append(@"\n"),
                _ => _text.Append(letter),
            };
        }

        _text.Append('"');
    }
}
