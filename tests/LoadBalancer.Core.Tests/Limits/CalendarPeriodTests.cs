using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

internal sealed class CalendarPeriodTests
{
    [TestCase("2026-11", "2026-12-01")]
    [TestCase("2026-12", "2027-01-01")]
    [TestCase("2028-02", "2028-03-01")]
    [TestCase("2028-02-29", "2028-03-01")]
    [TestCase("2026-11-22", "2026-11-23")]
    public void It_is_read_as_it_is_written_and_ends_where_the_next_begins(string text, string next)
    {
        Assert.That(CalendarPeriod.TryParse(text, out var period));
        Assert.That(period.ToString(), Is.EqualTo(text));
        Assert.That(CalendarPeriod.TryParse(next, out var day));
        Assert.That(period.Ends, Is.EqualTo(day.Begins));
        Assert.That(CalendarPeriod.Of(period.Kind, period.Ends.AddTicks(-1)), Is.EqualTo(period));
        Assert.That(CalendarPeriod.Of(period.Kind, period.Begins), Is.EqualTo(period));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("2026")]
    [TestCase("2026-13")]
    [TestCase("2026-02-30")]
    [TestCase("2026-1-1")]
    [TestCase("november")]
    [TestCase("9999-12")]
    [TestCase("9999-12-31")]
    public void What_is_no_day_and_no_month_is_none(string? text) => Assert.That(CalendarPeriod.TryParse(text, out _), Is.False);

    [Test]
    public void It_is_UTC_wherever_the_clock_stands() => Assert.That(
        CalendarPeriod.Of(QuotaPeriod.Month, new DateTimeOffset(2026, 11, 30, 23, 0, 0, TimeSpan.FromHours(-5))).ToString(), Is.EqualTo("2026-12"));
}
