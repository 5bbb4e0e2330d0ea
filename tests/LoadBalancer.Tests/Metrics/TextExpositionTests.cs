using System.Text;
using LoadBalancer.Daemon.Metrics;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Tests.Metrics;

internal sealed class TextExpositionTests
{
    private static readonly MetricFamily Gauge = new("g", MetricType.Gauge, "a \\ \"b\"\nc", ["x"]);
    private static readonly MetricFamily Counter = new("c_total", MetricType.Counter, "h", []);

    [TestCase(ExpositionFormat.Text, "# HELP g a \\\\ \"b\"\\nc\n# TYPE g gauge\ng{x=\"q\\\"b\\\\n\\nü\"} 1\n")]
    [TestCase(ExpositionFormat.OpenMetrics, "# HELP g a \\\\ \\\"b\\\"\\nc\n# TYPE g gauge\ng{x=\"q\\\"b\\\\n\\nü\"} 1\n# EOF\n")]
    public void Escapes_helps_and_label_values(ExpositionFormat format, string page)
    {
        var text = new TextExposition(format);
        text.Write(Gauge, 1, "q\"b\\n\nü");

        Assert.That(Encoding.UTF8.GetString(text.End()), Is.EqualTo(page));
    }

    [TestCase(0.0, "0")]
    [TestCase(1e300, "1E+300")]
    [TestCase(123456789012345.0, "123456789012345")]
    [TestCase(0.1, "0.1")]
    [TestCase(double.PositiveInfinity, "+Inf")]
    [TestCase(double.NegativeInfinity, "-Inf")]
    [TestCase(double.NaN, "NaN")]
    public void Prints_a_number_so_that_it_reads_back_equal(double value, string printed)
    {
        var text = new TextExposition(ExpositionFormat.Text);
        text.Write(Gauge, value, "");

        Assert.That(Encoding.UTF8.GetString(text.End()), Does.EndWith($" {printed}\n"));
    }

    [Test]
    public void Refuses_a_family_that_comes_back_and_a_series_that_comes_twice()
    {
        var text = new TextExposition(ExpositionFormat.Text);
        text.Write(Gauge, 1, "a");
        Assert.That(() => text.Write(Gauge, 1, "a"), Throws.InvalidOperationException.With.Message.Contains("twice"));

        text.Write(Counter, 1);
        Assert.That(() => text.Write(Gauge, 1, "b"), Throws.InvalidOperationException.With.Message.Contains("written before"));
    }

    [Test]
    public void Refuses_a_histogram_that_was_measured_with_other_bounds()
    {
        var family = new MetricFamily("h_seconds", MetricType.Histogram, "h", [], LatencyBounds.Connect);
        var sessions = new LatencyHistogram(1, LatencyBounds.Session).Read();

        Assert.That(() => new TextExposition(ExpositionFormat.Text).Write(family, sessions), Throws.ArgumentException.With.Message.Contains("h_seconds"));
    }

    [Test]
    public void Refuses_labels_that_were_not_declared() =>
        Assert.That(() => new TextExposition(ExpositionFormat.Text).Write(Gauge, 1), Throws.ArgumentException.With.Message.Contains("(x)"));
}
