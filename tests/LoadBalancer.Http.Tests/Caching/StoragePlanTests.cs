using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>What is kept.</summary>
internal sealed class StoragePlanTests
{
    private const long Noted = 784111777;
    private const string Fresh = "Cache-Control: max-age=60";

    [TestCase(Storability.Stored, 200, Fresh)]
    [TestCase(Storability.Stored, 203, Fresh)]
    [TestCase(Storability.Stored, 301, Fresh)]
    [TestCase(Storability.Stored, 308, Fresh)]
    [TestCase(Storability.Stored, 404, Fresh)]
    [TestCase(Storability.Status, 206, Fresh)]
    [TestCase(Storability.Status, 204, Fresh)]
    [TestCase(Storability.Status, 302, Fresh)]
    [TestCase(Storability.Status, 304, Fresh)]
    [TestCase(Storability.Status, 400, Fresh)]
    [TestCase(Storability.Status, 500, Fresh)]
    [TestCase(Storability.Status, 503, Fresh)]
    [TestCase(Storability.NotFresh, 200)]
    [TestCase(Storability.NotFresh, 200, "Cache-Control: max-age=0")]
    [TestCase(Storability.NotFresh, 200, "Cache-Control: max-age=60", "Age: 60")]
    [TestCase(Storability.NotFresh, 200, "Expires: 0")]
    [TestCase(Storability.NotFresh, 200, "Last-Modified: Sun, 06 Nov 1993 08:50:00 GMT")]
    [TestCase(Storability.NoStore, 200, "Cache-Control: max-age=60, no-store")]
    [TestCase(Storability.NoCache, 200, "Cache-Control: max-age=60, no-cache")]
    [TestCase(Storability.Stored, 200, "Cache-Control: no-cache", "ETag: \"1\"")]
    [TestCase(Storability.Stored, 200, "Cache-Control: max-age=0", "Last-Modified: Sun, 06 Nov 1993 08:50:00 GMT")]
    [TestCase(Storability.NotFresh, 200, "ETag: \"1\"")]
    [TestCase(Storability.NotFresh, 200, "Cache-Control: s-maxage=0", "ETag: \"1\"")]
    [TestCase(Storability.NotFresh, 404, "Cache-Control: max-age=0", "ETag: \"1\"")]
    [TestCase(Storability.NoCache, 404, "Cache-Control: no-cache", "ETag: \"1\"")]
    [TestCase(Storability.Private, 200, "Cache-Control: max-age=60, private")]
    [TestCase(Storability.Private, 200, "Cache-Control: max-age=60, s-maxage=60, private=\"x\"")]
    [TestCase(Storability.SetCookie, 200, Fresh, "Set-Cookie: a=b")]
    [TestCase(Storability.SetCookie, 200, "Cache-Control: public, max-age=60", "set-cookie: a=b")]
    [TestCase(Storability.Vary, 200, Fresh, "Vary: *")]
    [TestCase(Storability.Vary, 200, Fresh, "Vary: Accept, *")]
    [TestCase(Storability.Vary, 200, Fresh, "Vary: Accept", "Vary: *")]
    [TestCase(Storability.Vary, 200, Fresh, "Vary: a b")]
    [TestCase(Storability.Vary, 200, Fresh, "Vary: a,b,c,d,e,f,g,h,i")]
    [TestCase(Storability.Stored, 200, Fresh, "Vary: a,b,c,d,e,f,g,h")]
    [TestCase(Storability.Endless, 200, Fresh, "Content-Type: text/event-stream; charset=utf-8")]
    public void A_response_is_kept_by_what_it_says(Storability expected, int status, params string[] lines) =>
        Assert.That(Judge(Fields.Of(), Fields.Response(status, lines)), Is.EqualTo(expected));

    [TestCase(Storability.Credential, Credentials.Authorization, Fresh)]
    [TestCase(Storability.Credential, Credentials.Cookie, Fresh)]
    [TestCase(Storability.Credential, Credentials.Cookie, "Cache-Control: max-age=60, must-revalidate")]
    [TestCase(Storability.Credential, Credentials.Authorization | Credentials.Cookie, "Cache-Control: max-age=60, must-revalidate")]
    [TestCase(Storability.Credential, Credentials.Authorization, "Cache-Control: max-age=60, x=\"public\"")]
    [TestCase(Storability.Stored, Credentials.Authorization, "Cache-Control: max-age=60, public")]
    [TestCase(Storability.Stored, Credentials.Authorization, "Cache-Control: s-maxage=60")]
    [TestCase(Storability.Stored, Credentials.Authorization, "Cache-Control: max-age=60, must-revalidate")]
    [TestCase(Storability.Stored, Credentials.Cookie, "Cache-Control: max-age=60, public")]
    [TestCase(Storability.Stored, Credentials.Cookie, "Cache-Control: s-maxage=60")]
    public void An_answer_to_somebody_is_kept_where_it_says_that_it_is_for_all(Storability expected, Credentials credentials, string response) =>
        Assert.That(Judge(Fields.Of(), Fields.Response(200, response), credentials: credentials), Is.EqualTo(expected));

    [TestCase(Storability.NotFresh, Credentials.Authorization, "Cache-Control: s-maxage=0")]
    [TestCase(Storability.NotFresh, Credentials.Authorization, "Cache-Control: public, no-cache", "ETag: \"1\"")]
    [TestCase(Storability.NotFresh, Credentials.Authorization, "Cache-Control: s-maxage=none")]
    [TestCase(Storability.NotFresh, Credentials.Authorization, "Cache-Control: max-age=0, must-revalidate")]
    [TestCase(Storability.NotFresh, Credentials.Authorization, "Cache-Control: must-revalidate")]
    [TestCase(Storability.NotFresh, Credentials.Cookie, "Cache-Control: s-maxage=5", "Age: 5")]
    [TestCase(Storability.NotFresh, Credentials.Authorization, "Cache-Control: public, s-maxage=0")]
    [TestCase(Storability.NotFresh, Credentials.None, "Cache-Control: s-maxage=0")]
    [TestCase(Storability.NotFresh, Credentials.None, "Cache-Control: s-maxage=x")]
    [TestCase(Storability.Stored, Credentials.Authorization, "Cache-Control: public")]
    [TestCase(Storability.Stored, Credentials.Cookie, "Cache-Control: public, max-age=0")]
    public void A_time_of_the_route_makes_no_answer_to_somebody_everybodys(Storability expected, Credentials credentials, params string[] lines) =>
        Assert.That(Judge(Fields.Of(), Fields.Response(200, lines), ttl: 30, credentials), Is.EqualTo(expected));

    [Test]
    public void An_answer_to_somebody_is_fresh_for_as_long_as_it_says_whatever_the_route_says() =>
        Assert.That(
            StoragePlan.Of(Fields.Of(), Credentials.Authorization, Fields.Response(200, "Cache-Control: s-maxage=5"), 3600, Noted, 0, 1000),
            Is.EqualTo(new StoragePlan(Storability.Stored, 5, 0, IsForAll: true)));

    [Test]
    public void A_client_may_forbid_that_its_answer_is_kept() =>
        Assert.That(Judge(Fields.Of("Cache-Control: no-store"), Fields.Response(200, Fresh)), Is.EqualTo(Storability.NoStore));

    [TestCase(Storability.Stored, 200)]
    [TestCase(Storability.Stored, 200, "Cache-Control: max-age=0", "Age: 70")]
    [TestCase(Storability.Stored, 200, "Expires: 0", "Date: Sun, 06 Nov 1993 08:49:37 GMT")]
    [TestCase(Storability.NoStore, 200, "Cache-Control: no-store")]
    [TestCase(Storability.Private, 200, "Cache-Control: private")]
    [TestCase(Storability.NoCache, 200, "Cache-Control: no-cache")]
    [TestCase(Storability.SetCookie, 200, "Set-Cookie: a=b")]
    [TestCase(Storability.NotFresh, 404)]
    [TestCase(Storability.Status, 500)]
    public void A_time_of_the_route_counts_for_answers_that_are_one_and_breaks_no_prohibition(Storability expected, int status, params string[] lines) =>
        Assert.That(Judge(Fields.Of(), Fields.Response(status, lines), ttl: 30), Is.EqualTo(expected));

    [Test]
    public void A_time_of_the_route_runs_from_when_the_answer_came_however_old_it_was() =>
        Assert.That(StoragePlan.Of(Fields.Of(), Credentials.None, Fields.Response(200, Fresh, "Age: 20"), 30, Noted, 5, 1000), Is.EqualTo(new StoragePlan(Storability.Stored, 55, 25)));

    [Test]
    public void The_time_that_it_took_to_come_is_part_of_its_age() =>
        Assert.That(StoragePlan.Of(Fields.Of(), Credentials.None, Fields.Response(200, Fresh, "Age: 20"), 0, Noted, 5, 1000), Is.EqualTo(new StoragePlan(Storability.Stored, 60, 25)));

    [Test]
    public void A_body_whose_end_is_the_connections_is_not_kept()
    {
        var response = Fields.Response(200, Fresh);
        response.Framing = BodyFraming.Close;

        Assert.That(Judge(Fields.Of(), response), Is.EqualTo(Storability.Endless));
    }

    [Test]
    public void A_body_that_is_too_long_is_not_begun()
    {
        var response = Fields.Response(200, Fresh);
        response.ContentLength = 1001;

        Assert.That(Judge(Fields.Of(), response), Is.EqualTo(Storability.TooLarge));
    }

    private static Storability Judge(HeaderList request, ResponseHead response, long ttl = 0, Credentials credentials = Credentials.None) =>
        StoragePlan.Of(request, credentials, response, ttl, Noted, 0, 1000).Storability;
}
