using LoadBalancer.Http.Caching;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>How long a response is fresh, and how old it is.</summary>
internal sealed class FreshnessTests
{
    // Sun, 06 Nov 1994 08:49:37 GMT.
    private const long Noted = 784111777;
    private const string Date = "Date: Sun, 06 Nov 1994 08:49:37 GMT";

    [TestCase(60, "Cache-Control: max-age=60")]
    [TestCase(5, "Cache-Control: max-age=60, s-maxage=5")]
    [TestCase(60, "Cache-Control: max-age=60", "Expires: Sun, 06 Nov 1994 08:49:38 GMT")]
    [TestCase(23, "Expires: Sun, 06 Nov 1994 08:50:00 GMT")]
    [TestCase(23, "Expires: Sunday, 06-Nov-94 08:50:00 GMT")]
    [TestCase(23, "Expires: Sun Nov  6 08:50:00 1994")]
    [TestCase(0, "Expires: Sun, 06 Nov 1994 08:00:00 GMT")]
    [TestCase(0, "Expires: 0")]
    [TestCase(0, "Expires: ")]
    [TestCase(0, "Expires: tomorrow, or the day after that, whenever it may be that it comes")]
    [TestCase(0, "Expires: Sun, 06 Nov 1994 08:50:00 GMT", "Expires: Sun, 06 Nov 1994 09:50:00 GMT")]
    [TestCase(CacheDirectives.Unsaid, "Last-Modified: Sun, 06 Nov 1993 08:50:00 GMT")]
    public void The_life_is_what_is_said_for_shared_caches_then_for_all_then_the_date_of_its_end(long expected, params string[] lines)
    {
        var fields = Fields.Of([Date, .. lines]);

        Assert.That(Freshness.LifetimeOf(fields, CacheDirectives.Of(fields), Noted), Is.EqualTo(expected));
    }

    [TestCase(0, 0, Date)]
    [TestCase(0, 0)]
    [TestCase(7, 0, Date, "Age: 7")]
    [TestCase(9, 2, Date, "Age: 7")]
    [TestCase(2, 2, Date, "Age: -7")]
    [TestCase(0, 0, Date, "Age: seven")]
    [TestCase(37, 0, "Date: Sun, 06 Nov 1994 08:49:00 GMT", "Age: 7")]
    [TestCase(50, 0, "Date: Sun, 06 Nov 1994 08:49:00 GMT", "Age: 50")]
    [TestCase(0, 0, "Date: Sun, 06 Nov 1994 08:50:00 GMT")]
    [TestCase(int.MaxValue, 0, Date, "Age: 99999999999")]
    [TestCase(int.MaxValue, 0, Date, "Age: 99999999999999999999")]
    public void The_age_is_what_caches_say_or_what_the_date_says_whichever_is_more(long expected, long delay, params string[] lines) =>
        Assert.That(Freshness.AgeOf(Fields.Of(lines), Noted, delay), Is.EqualTo(expected));
}
