using System.Text;
using LoadBalancer.Daemon.Metrics;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

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

        Assert.That(Encoding.UTF8.GetString(text.End().ToArray()), Is.EqualTo(page));
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

        Assert.That(Encoding.UTF8.GetString(text.End().ToArray()), Does.EndWith($" {printed}\n"));
    }

    [Test]
    public void A_page_of_any_length_is_whole_wherever_its_pieces_end()
    {
        var text = new TextExposition(ExpositionFormat.Text);
        var labels = Enumerable.Range(0, 12_000).Select(number => $"{number} grüße 😀 \"{new string('x', number % 61)}").ToList();
        labels.ForEach(label => text.Write(Gauge, 0.25, label));
        using var page = text.End();
        var whole = page.ToArray();
        Assert.That((page.Length, page.Pieces.Count()), Is.EqualTo(((long)whole.Length, (whole.Length / (256 * 1024)) + 1)));
        Assert.That(whole.Length, Is.GreaterThan(2 * 256 * 1024));
        Assert.That(Encoding.UTF8.GetString(whole).Split('\n')[2..^1], Is.EqualTo(labels.Select(label => $"g{{x=\"{label.Replace("\"", "\\\"", StringComparison.Ordinal)}\"}} 0.25")));
    }

    [Test]
    public void A_page_takes_no_memory_that_it_does_not_give_back()
    {
        var labels = Enumerable.Range(0, 20_000).Select(number => $"route-{number}").ToArray();
        var histogram = new LatencyHistogram(1, LatencyBounds.Session).Read();
        var family = new MetricFamily("h_seconds", MetricType.Histogram, "h", ["x"], LatencyBounds.Session);
        long length = 0;
        var taken = Allocations.Of(() =>
        {
            var text = new TextExposition(ExpositionFormat.OpenMetrics);
            foreach (var label in labels)
            {
                text.Write(family, histogram, label);
            }

            using var page = text.End();
            length = page.Length;
        });
        Assert.That(length, Is.GreaterThan(10_000_000));
        Assert.That(taken, Is.LessThan(length / 5), "the series that there were, and nothing of the text");
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
