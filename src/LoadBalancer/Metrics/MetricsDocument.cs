using System.Globalization;
using System.Text;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>docs/metrics.md: what every metric means, from the table that declares them.</summary>
internal static class MetricsDocument
{
    /// <summary>The document as Markdown.</summary>
    public static string Write()
    {
        var text = new StringBuilder("""
            # Metrics

            This page is printed from the table that declares the metrics. Do not edit it: change the table, then run `make docs`.

            The admin listener serves them at `/metrics`, as Prometheus text (version 0.0.4) or as OpenMetrics 1.0.0, whichever the
            Accept header asks for. A name is a promise: it does not change within a major version. Label values come from the
            configuration and from fixed lists, never from traffic, so the number of series does not grow by itself.

            Counters begin at 0 when the process starts and go on over reloads. `endpoint` is an address as `lb.yaml` writes it.
            `reason` and `side` are those of the access log.

            | name | type | labels | meaning |
            | --- | --- | --- | --- |

            """);
        foreach (var family in MetricFamilies.All)
        {
            var labels = family.Labels.IsEmpty ? "" : string.Join(", ", family.Labels.Select(label => $"`{label}`"));
            text.Append($"| `{family.Name}` | {family.Type.ToString().ToLowerInvariant()} | {labels} | {family.Help} |\n");
        }

        text.Append("\nThe buckets of the histograms, in seconds:\n\n| name | upper bounds |\n| --- | --- |\n");
        foreach (var family in MetricFamilies.All)
        {
            if (family.Bounds is { } bounds)
            {
                text.Append($"| `{family.Name}` | {string.Join(" ", Enumerable.Range(0, bounds.Count).Select(bucket => Print(bounds[bucket])))} |\n");
            }
        }

        return text.ToString();
    }

    private static string Print(TimeSpan bound) => bound.TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture);
}
