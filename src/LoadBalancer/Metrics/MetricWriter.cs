using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>
/// Where collectors put their values. The seam behind which the exposition is made: today <see cref="TextExposition"/>,
/// and another library could take its place without a change to what counts or collects.
/// </summary>
/// <remarks>
/// Not thread-safe: one scrape. Values come family by family, and every series once; anything else is a bug of the
/// collector, and throws.
/// </remarks>
internal abstract class MetricWriter
{
    private readonly HashSet<MetricFamily> _finished = [];

    // By a hash of 64 bits, since there may be a hundred thousand: two that are not the same have the same one once in a billion pages of that size.
    private readonly HashSet<ulong> _series = [];
    private MetricFamily? _current;

    /// <summary>Writes one value of a counter, gauge or info.</summary>
    /// <param name="family">A declared family.</param>
    /// <param name="value">Its value now.</param>
    /// <param name="labels">The values of its labels, in the order of its declaration.</param>
    public void Write(MetricFamily family, double value, params ReadOnlySpan<string> labels)
    {
        Enter(family, labels, histogram: false);
        WriteValue(family, value, labels);
    }

    /// <summary>Writes true as 1 and false as 0.</summary>
    public void Write(MetricFamily family, bool value, params ReadOnlySpan<string> labels) => Write(family, value ? 1 : 0, labels);

    /// <summary>Writes one histogram.</summary>
    public void Write(MetricFamily family, LatencySnapshot value, params ReadOnlySpan<string> labels)
    {
        Enter(family, labels, histogram: true);
        if (value.Bounds != family.Bounds)
        {
            throw new ArgumentException($"{family.Name} was declared with other bounds than those that it was measured with", nameof(value));
        }

        WriteHistogram(family, value, labels);
    }

    /// <summary>Called once before the first value of a family.</summary>
    protected abstract void BeginFamily(MetricFamily family);

    /// <summary>Called for each value.</summary>
    protected abstract void WriteValue(MetricFamily family, double value, ReadOnlySpan<string> labels);

    /// <summary>Called for each histogram.</summary>
    protected abstract void WriteHistogram(MetricFamily family, LatencySnapshot value, ReadOnlySpan<string> labels);

    private void Enter(MetricFamily family, ReadOnlySpan<string> labels, bool histogram)
    {
        if (labels.Length != family.Labels.Length || histogram != (family.Type == MetricType.Histogram))
        {
            throw new ArgumentException($"{family.Name} is a {family.Type} with the labels ({string.Join(", ", family.Labels)}), and got {labels.Length}", nameof(family));
        }

        if (family != _current)
        {
            if (!_finished.Add(family))
            {
                throw new InvalidOperationException($"{family.Name} was written before; the values of a family stand together");
            }

            _current = family;
            _series.Clear();
            BeginFamily(family);
        }

        if (!_series.Add(HashOf(labels)))
        {
            throw new InvalidOperationException($"{family.Name} has the series ({string.Join(", ", labels)}) twice");
        }
    }

    // FNV-1a, with a letter at a time and one between labels that no text has.
    private static ulong HashOf(ReadOnlySpan<string> labels)
    {
        var hash = 14_695_981_039_346_656_037;
        foreach (var label in labels)
        {
            foreach (var letter in label)
            {
                hash = (hash ^ letter) * 1_099_511_628_211;
            }

            hash = (hash ^ 0x1_0000) * 1_099_511_628_211;
        }

        return hash;
    }
}
