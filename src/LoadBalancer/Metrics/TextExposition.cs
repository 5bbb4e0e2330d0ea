using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>
/// The text that Prometheus reads, in its own format (version 0.0.4) or as OpenMetrics 1.0.0. The two differ in how a
/// counter's or info's family is named, in what a help text escapes, and in the mark of the end. No timestamps: the scraper's
/// clock is the right one.
/// </summary>
internal sealed class TextExposition(ExpositionFormat format) : MetricWriter, IDisposable
{
    private readonly PagedText _text = new();
    private bool _isEnded;

    private bool OpenMetrics => format == ExpositionFormat.OpenMetrics;

    /// <summary>The page, complete; the caller disposes of it.</summary>
    public PagedText End()
    {
        if (OpenMetrics)
        {
            _text.Append("# EOF\n"u8);
        }

        _isEnded = true;
        return _text;
    }

    /// <summary>Lets go of a page that was not completed.</summary>
    public void Dispose()
    {
        if (!_isEnded)
        {
            _text.Dispose();
        }
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
        _text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n");
    }

    /// <inheritdoc/>
    protected override void WriteValue(MetricFamily family, double value, ReadOnlySpan<string> labels) => Sample(family, "", labels, null, value);

    /// <inheritdoc/>
    protected override void WriteHistogram(MetricFamily family, LatencySnapshot value, ReadOnlySpan<string> labels)
    {
        for (var bucket = 0; bucket < value.Cumulative.Count; bucket++)
        {
            var bound = bucket < value.Bounds.Count ? value.Bounds[bucket].TotalSeconds : double.PositiveInfinity;
            Sample(family, "_bucket", labels, bound, value.Cumulative[bucket]);
        }

        Sample(family, "_sum", labels, null, value.Sum.TotalSeconds);
        Sample(family, "_count", labels, null, value.Count);
    }

    private static string Without(string name, string suffix) =>
        name.EndsWith(suffix, StringComparison.Ordinal)
            ? name[..^suffix.Length]
            : throw new InvalidOperationException($"the name {name} must end in {suffix}");

    private void Sample(MetricFamily family, string suffix, ReadOnlySpan<string> labels, double? bound, double value)
    {
        _text.Append(family.Name);
        _text.Append(suffix);
        var separator = "{"u8;
        for (var index = 0; index < labels.Length; index++)
        {
            Label(separator, family.Labels[index], labels[index]);
            separator = ","u8;
        }

        if (bound is { } most)
        {
            _text.Append(separator);
            _text.Append("le=\""u8);

            // OpenMetrics writes a bound as a float, "1.0"; the same in both formats, so that a change of format makes no new series.
            Number(most, most == Math.Floor(most) ? "0.0" : "R");
            _text.Append("\""u8);
            separator = ","u8;
        }

        _text.Append(separator[0] == ',' ? "} "u8 : " "u8);
        Number(value, "R");
        _text.Append("\n"u8);
    }

    private void Number(double value, string format)
    {
        if (double.IsInfinity(value))
        {
            _text.Append(value > 0 ? "+Inf"u8 : "-Inf"u8);
            return;
        }

        _text.Append(value, format);
    }

    private void Label(ReadOnlySpan<byte> separator, string name, string value)
    {
        _text.Append(separator);
        _text.Append(name);
        _text.Append("=\""u8);
        var rest = value.AsSpan();
        for (var at = rest.IndexOfAny('\\', '"', '\n'); at >= 0; at = rest.IndexOfAny('\\', '"', '\n'))
        {
            _text.Append(rest[..at]);
            _text.Append(rest[at] switch { '\\' => @"\\"u8, '"' => "\\\""u8, _ => @"\n"u8 });
            rest = rest[(at + 1)..];
        }

        _text.Append(rest);
        _text.Append("\""u8);
    }
}
