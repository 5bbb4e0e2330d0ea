using LoadBalancer.Daemon.Metrics;

namespace LoadBalancer.Daemon.Tests.Metrics;

internal sealed class MetricFamiliesTests
{
    private static readonly string[] Prefixes = ["lb_", "process_", "dotnet_"];

    [Test]
    public void Names_are_lower_case_and_begin_with_whose_they_are()
    {
        Assert.That(MetricFamilies.All.Select(family => family.Name), Has.All.Match("^[a-z][a-z0-9_]*$"));
        Assert.That(MetricFamilies.All.Where(family => !Prefixes.Any(prefix => family.Name.StartsWith(prefix, StringComparison.Ordinal))), Is.Empty);
    }

    [Test]
    public void Names_end_as_their_type_asks()
    {
        foreach (var family in MetricFamilies.All)
        {
            Assert.That(family.Name.EndsWith("_total", StringComparison.Ordinal), Is.EqualTo(family.Type == MetricType.Counter), family.Name);
            Assert.That(family.Name.EndsWith("_info", StringComparison.Ordinal), Is.EqualTo(family.Type == MetricType.Info), family.Name);
        }
    }

    [Test]
    public void Names_differ_even_without_the_suffix_that_OpenMetrics_takes_away() => Assert.That(
        MetricFamilies.All.Select(family => family.Name.Replace("_total", "", StringComparison.Ordinal).Replace("_info", "", StringComparison.Ordinal)), Is.Unique);

    [Test]
    public void Units_are_base_units() =>
        Assert.That(MetricFamilies.All.Select(family => family.Name), Has.None.Match("_(ms|milliseconds|microseconds|kib|kilobytes|megabytes|minutes|percent)(_|$)"));

    [Test]
    public void A_help_is_one_sentence() =>
        Assert.That(MetricFamilies.All.Select(family => family.Help), Has.All.Match(@"^[A-Z0-9][^\n]*\.$"));
}
