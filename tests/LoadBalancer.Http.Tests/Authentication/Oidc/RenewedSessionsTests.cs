using LoadBalancer.Http.Authentication.Oidc;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication.Oidc;

/// <summary>What is kept of refreshes, and how long.</summary>
internal sealed class RenewedSessionsTests
{
    private readonly ManualTime _time = new();

    private long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    [Test]
    public void A_refresh_is_known_by_the_session_that_was_refreshed_until_the_new_token_runs_out()
    {
        var (kept, renewed) = (new RenewedSessions(_time), Renewed("s"));
        kept.Keep(renewed);
        Assert.That(kept.Find(renewed.Before), Is.SameAs(renewed));
        Assert.That((kept.Find(renewed.After!), kept.Find(renewed.Before with { Id = "t" })), Is.EqualTo((default(RenewedSession), default(RenewedSession))));
        _time.Advance(TimeSpan.FromSeconds(299));
        Assert.That(kept.Find(renewed.Before), Is.SameAs(renewed));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(kept.Find(renewed.Before), Is.Null);
    }

    [Test]
    public void Once_its_new_cookie_has_come_it_is_known_for_a_minute()
    {
        var (kept, renewed) = (new RenewedSessions(_time), Renewed("s"));
        kept.Keep(renewed);
        kept.Arrived(renewed.Before);
        _time.Advance(TimeSpan.FromSeconds(100));
        kept.Arrived(renewed.After!);
        _time.Advance(TimeSpan.FromSeconds(RenewedSessions.OldCookieSeconds - 1));
        Assert.That(kept.Find(renewed.Before), Is.SameAs(renewed));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(kept.Find(renewed.Before), Is.Null);
    }

    [Test]
    public void Whoever_is_two_refreshes_behind_gets_the_last_one_for_as_long()
    {
        var (kept, first) = (new RenewedSessions(_time), Renewed("s"));
        kept.Keep(first);
        kept.Arrived(first.After!);
        _time.Advance(TimeSpan.FromSeconds(20));
        var (between, answer) = (first.After!, new TokenAnswer("j", "r3", 300));
        var second = new RenewedSession(between, answer, between with { RefreshToken = "r3", RefreshAt = Now + 225, ValidUntil = Now + 300 });
        kept.Keep(second);
        Assert.That((kept.Find(first.Before), kept.Find(between), kept.Find(second.After!)), Is.EqualTo((second, second, default(RenewedSession))), "the first refresh token is used up");
        _time.Advance(TimeSpan.FromSeconds(RenewedSessions.OldCookieSeconds - 20));
        Assert.That((kept.Find(first.Before), kept.Find(between)), Is.EqualTo((default(RenewedSession), second)));
        kept.Arrived(second.After!);
        _time.Advance(TimeSpan.FromSeconds(RenewedSessions.OldCookieSeconds));
        Assert.That(kept.Find(between), Is.Null);
    }

    [Test]
    public void However_many_there_are_they_are_bounded_and_the_oldest_go_first()
    {
        var kept = new RenewedSessions(_time);
        var all = Enumerable.Range(0, 3000).Select(number => Renewed($"s{number}", 5000)).ToList();
        all.ForEach(kept.Keep);
        Assert.That(kept.Count, Is.InRange(RenewedSessions.MostBytes / all[^1].Bytes - 1, RenewedSessions.MostBytes / all[1000].Bytes).And.LessThan(all.Count));
        Assert.That((kept.Find(all[0].Before), kept.Find(all[^1].Before)), Is.EqualTo((default(RenewedSession), all[^1])));

        _time.Advance(TimeSpan.FromHours(1));
        kept.Keep(Renewed("last"));
        Assert.That(kept.Count, Is.EqualTo(1), "what is over goes with the next");
    }

    private RenewedSession Renewed(string id, int length = 1)
    {
        var before = new Session(id, "i", "r", Now + 3600, Now, Now + 75);
        var answer = new TokenAnswer(new string('j', length), "r2", 300);
        return new RenewedSession(before, answer, before with { IdToken = answer.IdToken!, RefreshToken = "r2", RefreshAt = Now + 225, ValidUntil = Now + 300 });
    }
}
