using System.Runtime.CompilerServices;

namespace LoadBalancer.Daemon.Tests.Metrics;

internal sealed class MetricsDocumentTests
{
    [Test]
    public void Says_what_the_table_of_metrics_says()
    {
        var path = Path.Combine(Repository(), "docs", "metrics.md");
        if (Environment.GetEnvironmentVariable("LB_WRITE_DOCS") == "1")
        {
            File.WriteAllText(path, MetricsDocument.Write());
        }

        Assert.That(File.ReadAllText(path), Is.EqualTo(MetricsDocument.Write()), "docs/metrics.md is out of date; run the tests with LB_WRITE_DOCS=1");
    }

    private static string Repository([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));
}
