using LoadBalancer.Endpoints;

namespace LoadBalancer.Health;

/// <summary>Who stands out among the endpoints of an upstream, by the numbers of one window: pure arithmetic.</summary>
internal static class OutlierRules
{
    /// <summary>With fewer there is no telling who stands out.</summary>
    public const int FewestToCompare = 3;

    private const double Rounding = 1e-9;

    /// <summary>By how much an endpoint has to be slower than the median of all, whatever the share: less is nobody's trouble, and noise on a fast network.</summary>
    public static TimeSpan LeastSlower { get; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Those that fail too often, and then those that are too slow, the slowest first.</summary>
    /// <param name="options">What is too often and too slow.</param>
    /// <param name="endpoints">All that are to be compared.</param>
    public static IEnumerable<Outlier> Find(PassiveHealthOptions options, IReadOnlyList<(Endpoint Endpoint, TrafficWindow Window)> endpoints)
    {
        foreach (var (endpoint, window) in endpoints)
        {
            if (options.FailureRatio is { } ratio && window.Attempts >= options.Minimum && window.Failures >= (ratio * window.Attempts) - Rounding)
            {
                yield return new Outlier(endpoint, EjectionCause.FailureRatio, $"{window.Failures} of {window.Attempts} attempts within {options.Within.TotalSeconds:0.###} s failed");
            }
        }

        var timed = endpoints.Where(each => each.Window.Timed >= options.Minimum).OrderByDescending(each => each.Window.Median).ToList();
        if (options.SlowerThan is not { } factor || timed.Count < FewestToCompare)
        {
            yield break;
        }

        var median = (timed[(timed.Count - 1) / 2].Window.Median + timed[timed.Count / 2].Window.Median) / 2;
        foreach (var (endpoint, window) in timed.TakeWhile(each => each.Window.Median > median * factor && each.Window.Median > median + LeastSlower))
        {
            yield return new Outlier(
                endpoint,
                EjectionCause.SlowerThan,
                $"half of its {window.Timed} answers within {options.Within.TotalSeconds:0.###} s took over {window.Median.TotalMilliseconds:0.#} ms, the median of {timed.Count} endpoints is {median.TotalMilliseconds:0.#} ms");
        }
    }
}
