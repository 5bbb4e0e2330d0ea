using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration;

internal sealed class ConfigReaderTests
{
    [Test]
    public void Lists_a_hundred_errors_and_counts_the_rest()
    {
        var reader = new ConfigReader();
        for (var line = 1; line <= 130; line++)
        {
            reader.Error(new SourceSpan("lb.yaml", line, 1), "wrong");
        }

        Assert.Multiple(() =>
        {
            Assert.That(reader.Errors, Has.Count.EqualTo(101));
            Assert.That(reader.Errors[^1].ToString(), Is.EqualTo("lb.yaml: 30 more errors are not shown"));
        });
    }

    [Test]
    public void Knows_that_a_text_was_left_unknown()
    {
        var reader = new ConfigReader((_, _) => ScalarText.Unknown);

        var text = reader.Text(new ScalarNode(default, "bind", "${env:PORT}"));

        Assert.Multiple(() =>
        {
            Assert.That(text, Is.Null);
            Assert.That(reader.LeftUnknown, Is.True);
            Assert.That(reader.Errors, Is.Empty);
        });
    }

    [Test]
    public void Reports_what_is_wrong_with_a_reference_at_the_value()
    {
        var reader = new ConfigReader((_, _) => new ScalarText(null, "it is not set"));

        var text = reader.Text(new ScalarNode(new SourceSpan("lb.yaml", 3, 5), "bind", "${env:PORT}"));

        Assert.Multiple(() =>
        {
            Assert.That(text, Is.Null);
            Assert.That(reader.LeftUnknown, Is.False);
            Assert.That(reader.Errors.Single().ToString(), Is.EqualTo("lb.yaml:3:5: it is not set"));
        });
    }
}
