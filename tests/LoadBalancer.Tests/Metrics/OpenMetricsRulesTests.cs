namespace LoadBalancer.Daemon.Tests.Metrics;

internal sealed class OpenMetricsRulesTests
{
    [TestCase("# TYPE a counter\na_total 1\n# EOF\n", 0)]
    [TestCase("# HELP a x\n# TYPE a gauge\na{b=\"c\\n\\\"\\\\\",d=\"\"} -1.5e-7\n# EOF\n", 0)]
    [TestCase("# TYPE a histogram\na_bucket{x=\"y\",le=\"0.5\"} 1\na_bucket{x=\"y\",le=\"+Inf\"} 2\na_sum{x=\"y\"} 3\na_count{x=\"y\"} 2\n# EOF\n", 0)]
    [TestCase("# TYPE a counter\na_total 1\n", 1)]
    [TestCase("# TYPE a counter\na 1\n# EOF\n", 1)]
    [TestCase("# TYPE a counter\na_total -1\n# EOF\n", 1)]
    [TestCase("# TYPE a gauge\na 1\na 1\n# EOF\n", 1)]
    [TestCase("# TYPE a gauge\na 1\n# TYPE a gauge\n# EOF\n", 1)]
    [TestCase("# TYPE a info\na_info 2\n# EOF\n", 1)]
    [TestCase("# TYPE a gauge\na{b=\"c\"d\"} 1\n# EOF\n", 1)]
    [TestCase("# HELP a say \"x\"\n# TYPE a gauge\n# EOF\n", 1)]
    [TestCase("# TYPE a gauge\n\na 1\n# EOF\n", 1)]
    [TestCase("# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\na_sum 3\na_count 1\n# EOF\n", 1)]
    [TestCase("# TYPE a histogram\na_bucket{le=\"0.5\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 3\na_count 1\n# EOF\n", 1)]
    [TestCase("# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 3\na_count 2\n# EOF\n", 1)]
    public void Find_each_kind_of_mistake(string page, int mistakes) => Assert.That(OpenMetricsRules.Broken(page), Has.Exactly(mistakes).Items);
}
