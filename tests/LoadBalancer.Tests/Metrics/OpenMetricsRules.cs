using System.Globalization;
using System.Text.RegularExpressions;

namespace LoadBalancer.Daemon.Tests.Metrics;

/// <summary>
/// The rules of OpenMetrics 1.0.0 that a page of counters, gauges, histograms and infos can break, in the words of the
/// specification's section "Text format". Returns what is wrong, line by line; nothing is a page that keeps them.
/// </summary>
internal static partial class OpenMetricsRules
{
    /// <summary>What is wrong with <paramref name="page"/>.</summary>
    public static IEnumerable<string> Broken(string page)
    {
        if (!page.EndsWith("# EOF\n", StringComparison.Ordinal) || page.IndexOf("# EOF\n", StringComparison.Ordinal) != page.Length - 6)
        {
            yield return "the page must end with its only # EOF";
        }

        var families = new Dictionary<string, string>();
        var series = new HashSet<string>();
        var family = "";
        foreach (var line in page.Split('\n')[..^2])
        {
            if (Metadata().Match(line) is { Success: true } metadata)
            {
                var (name, keyword, rest) = (metadata.Groups["name"].Value, metadata.Groups["keyword"].Value, metadata.Groups["rest"].Value);
                if (keyword == "TYPE" && !families.TryAdd(name, rest))
                {
                    yield return $"family twice: {line}";
                }

                if (keyword == "TYPE" && rest is not ("counter" or "gauge" or "histogram" or "info"))
                {
                    yield return $"unknown type: {line}";
                }

                if (keyword == "HELP" && BadEscape().IsMatch(rest))
                {
                    yield return $"help is not escaped: {line}";
                }

                family = name;
            }
            else if (Sample().Match(line) is { Success: true } sample)
            {
                var (name, labels, value) = (sample.Groups["name"].Value, sample.Groups["labels"].Value, sample.Groups["value"].Value);
                var type = families.GetValueOrDefault(family, "unknown");
                var suffixes = type switch
                {
                    "counter" => new[] { "_total" },
                    "histogram" => ["_bucket", "_sum", "_count"],
                    "info" => ["_info"],
                    _ => [""],
                };
                if (!suffixes.Any(suffix => name == family + suffix))
                {
                    yield return $"a sample of {type} {family} may not be called so: {line}";
                }

                if (!series.Add(name + labels))
                {
                    yield return $"series twice: {line}";
                }

                if (type is "counter" or "histogram" && !(double.Parse(value.Replace("+Inf", "∞", StringComparison.Ordinal), CultureInfo.InvariantCulture) >= 0))
                {
                    yield return $"a count below zero: {line}";
                }

                if (type == "info" && value != "1")
                {
                    yield return $"an info is 1: {line}";
                }
            }
            else
            {
                yield return $"neither metadata nor a sample: {line}";
            }
        }

        foreach (var broken in Histograms(page))
        {
            yield return broken;
        }
    }

    private static IEnumerable<string> Histograms(string page)
    {
        var buckets = Bucket().Matches(page).GroupBy(bucket => bucket.Groups["series"].Value);
        foreach (var histogram in buckets)
        {
            var bounds = histogram.Select(bucket => bucket.Groups["le"].Value).ToList();
            var counts = histogram.Select(bucket => long.Parse(bucket.Groups["count"].Value, CultureInfo.InvariantCulture)).ToList();
            if (bounds[^1] != "+Inf" || bounds[..^1].Any(bound => !bound.Contains('.', StringComparison.Ordinal)))
            {
                yield return $"{histogram.Key}: bounds are floats and the last is +Inf";
            }

            if (!counts.Order().SequenceEqual(counts))
            {
                yield return $"{histogram.Key}: counts fall";
            }

            var labels = histogram.Key.Split('{')[1].TrimEnd(',');
            var count = $"{histogram.Key.Split("_bucket")[0]}_count{(labels.Length > 0 ? $"{{{labels}}}" : "")} {counts[^1]}\n";
            if (!page.Contains(count, StringComparison.Ordinal))
            {
                yield return $"{histogram.Key}: no '{count}'";
            }
        }
    }

    [GeneratedRegex(@"^# (?<keyword>HELP|TYPE) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<rest>.*)$")]
    private static partial Regex Metadata();

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?<labels>\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\n"])*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\n"])*")*\})? (?<value>[+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|Inf)|NaN)$""")]
    private static partial Regex Sample();

    [GeneratedRegex(@"(^|[^\\])(\\\\)*(""|\\[^\\n""]|\\$)")]
    private static partial Regex BadEscape();

    [GeneratedRegex("""^(?<series>\w+_bucket\{(?:[^}]*,)?)le="(?<le>[^"]+)"\} (?<count>\d+)$""", RegexOptions.Multiline)]
    private static partial Regex Bucket();
}
