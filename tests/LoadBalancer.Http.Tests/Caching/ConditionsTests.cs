using System.Text;
using LoadBalancer.Http.Caching;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>When a client is told that it has the answer already.</summary>
internal sealed class ConditionsTests
{
    // Sun, 06 Nov 1994 08:49:37 GMT.
    private const long Changed = 784111777;

    [TestCase("\"a\"", "\"a\"", true)]
    [TestCase("\"a\"", "W/\"a\"", true)]
    [TestCase("W/\"a\"", "\"a\"", true)]
    [TestCase("W/\"a\"", "W/\"a\"", true)]
    [TestCase("\"a\"", "\"b\"", false)]
    [TestCase("\"a\"", "\"A\"", false)]
    [TestCase("\"a\"", "\"b\", W/\"c\" , \"a\"", true)]
    [TestCase("\"a,b\"", "\"x\",\"a,b\"", true)]
    [TestCase("\"b\"", "\"a,\"b\",c\"", false)]
    [TestCase("\"a\"", "*", true)]
    [TestCase("", "*", true)]
    [TestCase("", "\"\"", false)]
    [TestCase("\"\"", "\"\"", true)]
    [TestCase("a", "a", false)]
    [TestCase("\"a\"", "\"a", false)]
    [TestCase("\"a\"", "a\"", false)]
    [TestCase("\"a\"", "", false)]
    public void Its_tags_are_compared_weakly(string tag, string condition, bool expected) =>
        Assert.That(Conditions.ClientHas(Fields.Of($"If-None-Match: {condition}"), Encoding.ASCII.GetBytes(tag), -1), Is.EqualTo(expected));

    [TestCase("Sun, 06 Nov 1994 08:49:37 GMT", true)]
    [TestCase("Sun, 06 Nov 1994 08:49:38 GMT", true)]
    [TestCase("Sun, 06 Nov 1994 08:49:36 GMT", false)]
    [TestCase("Sunday, 06-Nov-94 08:49:37 GMT", true)]
    [TestCase("yesterday", false)]
    public void Its_date_is_that_of_the_last_change_or_later(string date, bool expected) =>
        Assert.That(Conditions.ClientHas(Fields.Of($"If-Modified-Since: {date}"), default, Changed), Is.EqualTo(expected));

    [Test]
    public void A_date_beside_tags_counts_for_nothing() =>
        Assert.That(Conditions.ClientHas(Fields.Of("If-None-Match: \"b\"", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"), "\"a\""u8, Changed), Is.False);

    [Test]
    public void Tags_may_stand_on_several_lines() =>
        Assert.That(Conditions.ClientHas(Fields.Of("If-None-Match: \"b\"", "If-None-Match: \"a\""), "\"a\""u8, -1), Is.True);

    [Test]
    public void Without_a_condition_it_has_nothing() =>
        Assert.That(Conditions.ClientHas(Fields.Of("Accept: text/html"), "\"a\""u8, Changed), Is.False);

    [TestCase("\"a\"", "\"a\"", true)]
    [TestCase("\"a\"", "\"b\"", false)]
    [TestCase("W/\"a\"", "W/\"a\"", false)]
    [TestCase("\"a\"", "W/\"a\"", false)]
    [TestCase("W/\"a\"", "\"a\"", false)]
    [TestCase("\"a\"", "\"a\", \"b\"", false)]
    [TestCase("\"a\"", "*", false)]
    [TestCase("", "", false)]
    [TestCase("", "\"a\"", false)]
    [TestCase("\"a\"", "Sun, 06 Nov 1994 08:49:37 GMT", true)]
    [TestCase("\"a\"", "Sun, 06 Nov 1994 08:49:38 GMT", false)]
    [TestCase("\"a\"", "Sun, 06 Nov 1994 08:49:36 GMT", false)]
    [TestCase("\"a\"", "yesterday", false)]
    public void A_part_fits_to_the_same_strong_tag_or_the_very_date(string tag, string condition, bool expected) =>
        Assert.That(Conditions.PartFits(Fields.Of($"If-Range: {condition}"), Encoding.ASCII.GetBytes(tag), Changed, Changed + 1), Is.EqualTo(expected));

    [Test]
    public void A_date_within_the_second_of_the_change_tells_no_two_versions_apart() =>
        Assert.That(Conditions.PartFits(Fields.Of("If-Range: Sun, 06 Nov 1994 08:49:37 GMT"), "\"a\""u8, Changed, Changed), Is.False);

    [Test]
    public void A_part_fits_where_the_client_says_nothing_of_what_it_has() =>
        Assert.That(Conditions.PartFits(Fields.Of("Range: bytes=0-1"), default, -1, Changed), Is.True);
}
