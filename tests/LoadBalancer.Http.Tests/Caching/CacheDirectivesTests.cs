using LoadBalancer.Http.Caching;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>How Cache-Control is read.</summary>
internal sealed class CacheDirectivesTests
{
    [TestCase("max-age=60", 60)]
    [TestCase("MAX-AGE=60", 60)]
    [TestCase("max-age=\"60\"", 60)]
    [TestCase("public , max-age=60 , immutable", 60)]
    [TestCase(",,max-age=60,,", 60)]
    [TestCase("max-age=60, max-age=10", 10)]
    [TestCase("max-age=10, max-age=60", 10)]
    [TestCase("max-age=99999999999999999999", int.MaxValue)]
    [TestCase("max-age=4294967296", int.MaxValue)]
    [TestCase("max-age", 0)]
    [TestCase("max-age=", 0)]
    [TestCase("max-age=-1", 0)]
    [TestCase("max-age=1.5", 0)]
    [TestCase("max-age=1e9", 0)]
    [TestCase("max-age=60s", 0)]
    [TestCase("max-age=60 70", 60)]
    [TestCase("x=\"max-age=1\", max-age=60", 60)]
    [TestCase("x=\"a\\\", max-age=1\", max-age=60", 60)]
    [TestCase("x-max-age=60", CacheDirectives.Unsaid)]
    [TestCase("", CacheDirectives.Unsaid)]
    public void Of_an_age_the_smaller_counts_and_one_that_is_no_number_is_none(string value, long expected) =>
        Assert.That(CacheDirectives.Of(Fields.Of($"Cache-Control: {value}")).MaxAge, Is.EqualTo(expected));

    [Test]
    public void All_lines_count_together()
    {
        var directives = CacheDirectives.Of(Fields.Of("Cache-Control: max-age=60", "X: y", "cache-control: no-store, s-maxage=5"));

        Assert.That((directives.MaxAge, directives.SharedMaxAge, directives.NoStore), Is.EqualTo((60, 5, true)));
    }

    [TestCase("private")]
    [TestCase("Private")]
    [TestCase("private=\"X-Secret\"")]
    [TestCase("private=\"X-Secret, X-Other\", max-age=60")]
    [TestCase("max-age=60,private=\"X")]
    [TestCase("foo=\"bar\" baz, private")]
    public void What_is_private_for_some_fields_is_private(string value) =>
        Assert.That(CacheDirectives.Of(Fields.Of($"Cache-Control: {value}")).Private, Is.True);

    [TestCase("max-age=60; private")]
    [TestCase("max-age=60 private")]
    [TestCase("max-age=60;no-store")]
    [TestCase("x=\"y, no-store")]
    [TestCase("public, s-maxage=\"60")]
    [TestCase("=no-store, max-age=60")]
    [TestCase("(no-store), max-age=60")]
    [TestCase("foo=\"bar\" baz, max-age=60")]
    public void What_nobody_can_read_forbids(string value) => Assert.That(CacheDirectives.Of(Fields.Of($"Cache-Control: {value}")).NoStore, Is.True);

    [TestCase("max-age=60")]
    [TestCase(" max-age=60 ,\tpublic ")]
    [TestCase(",, public,,x=\"a, b\" , y=z")]
    [TestCase("")]
    public void What_can_be_read_forbids_what_it_says_alone(string value) => Assert.That(CacheDirectives.Of(Fields.Of($"Cache-Control: {value}")).NoStore, Is.False);

    [TestCase("no-cache=\"Set-Cookie\"")]
    [TestCase("no-cache")]
    public void What_has_to_be_asked_for_some_fields_has_to_be_asked(string value) =>
        Assert.That(CacheDirectives.Of(Fields.Of($"Cache-Control: {value}")).NoCache, Is.True);

    [Test]
    public void A_word_within_quotes_is_no_directive()
    {
        var directives = CacheDirectives.Of(Fields.Of("Cache-Control: ext=\"public, s-maxage=60\""));

        Assert.That((directives.Public, directives.SharedMaxAge), Is.EqualTo((false, CacheDirectives.Unsaid)));
    }

    [Test]
    public void Whatever_is_in_it_reading_ends([Range(0, 199)] int seed)
    {
        const string Letters = "max-age=\",\\ \tno-storeprivate0123456789*;";
        var random = new Random(seed);
        var value = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => Letters[random.Next(Letters.Length)]));

        Assert.That(CacheDirectives.Of(Fields.Of($"Cache-Control: {value}")).MaxAge, Is.InRange(CacheDirectives.Unsaid, int.MaxValue));
    }
}
