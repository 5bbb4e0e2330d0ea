using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration;

internal sealed class ConfigNodeTests
{
    private static readonly ScalarNode Second = new(new SourceSpan("f", 3, 9), "endpoints", "10.0.0.2:80");
    private static readonly ListNode List = new(new SourceSpan("f", 2, 9), "endpoints", [Scalar("10.0.0.1:80"), Second]);
    private static readonly MapNode Map = new(new SourceSpan("f", 1, 1), "", [new MapEntry("endpoints", new SourceSpan("f", 2, 1), List)]);

    [Test]
    public void Locates_a_value_by_keys_and_indexes() => Assert.That(Map.Locate("endpoints", "1"), Is.SameAs(Second));

    [Test]
    public void Locates_the_short_form_where_the_long_one_is_asked_for() => Assert.That(Map.Locate("endpoints", "1", "address"), Is.SameAs(Second));

    [Test]
    public void Stops_at_the_first_step_that_is_not_there() => Assert.Multiple(() =>
    {
        Assert.That(Map.Locate("admin", "endpoints"), Is.SameAs(Map));
        Assert.That(Map.Locate("endpoints", "2"), Is.SameAs(List));
        Assert.That(Map.Locate("endpoints", "-1"), Is.SameAs(List));
    });

    [Test]
    public void Prints_a_place_as_editors_link_it() => Assert.Multiple(() =>
    {
        Assert.That(new SourceSpan("lb.yaml", 12, 7).ToString(), Is.EqualTo("lb.yaml:12:7"));
        Assert.That(SourceSpan.Whole("lb.yaml").ToString(), Is.EqualTo("lb.yaml"));
        Assert.That(new ConfigError(new SourceSpan("lb.yaml", 12, 7), "no").ToString(), Is.EqualTo("lb.yaml:12:7: no"));
    });

    [Test]
    public void Quotes_text_on_one_line_and_cuts_it() => Assert.Multiple(() =>
    {
        Assert.That(Scalar("a\nb\u001b[31m").Found, Is.EqualTo("'a?b?[31m'"));
        Assert.That(Scalar(new string('x', 1000)).Found, Has.Length.LessThan(100));
        Assert.That(Scalar("").Found, Is.EqualTo("nothing"));
        Assert.That(new ScalarNode(default, "", "", quoted: true).Found, Is.EqualTo("''"));
    });

    private static ScalarNode Scalar(string text) => new(new SourceSpan("f", 2, 10), "endpoints", text);
}
