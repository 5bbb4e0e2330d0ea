using System.Globalization;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Usage;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.Tests.Usage;

internal sealed class UsageMonthTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private UsageMonth _month = null!;

    [SetUp]
    public void Begin() => _month = new UsageMonth(CalendarPeriod.Of(QuotaPeriod.Month, Noon), Noon);

    [Test]
    public void The_same_subject_of_another_provider_is_somebody_else()
    {
        _month.Of(new CallerName("a", "7", null)).Count(FaultKind.None, 1, 2);
        _month.Of(new CallerName("b", "7", null)).Count(FaultKind.QuotaExceeded, 0, 0);
        _month.Of(new CallerName("b", "7", null)).Count(FaultKind.ConcurrencyExceeded, 0, 0);
        Assert.That(_month.Callers.OrderBy(usage => usage.Name.Provider).Select(usage => usage.Counts), Is.EqualTo(new UsageCounts[] { new(1, 0, 0, 0, 1, 2), new(2, 0, 1, 1, 0, 0) }));
    }

    [Test]
    public void Callers_beyond_the_bound_and_names_beyond_reason_are_counted_together()
    {
        for (var caller = 0; caller < UsageMonth.MostCallers; caller++)
        {
            _month.Of(new CallerName("a", caller.ToString(CultureInfo.InvariantCulture), null)).Count(FaultKind.None, 0, 0);
        }

        _month.Of(new CallerName("a", "late", null)).Count(FaultKind.None, 0, 0);
        _month.Of(new CallerName("a", new string('x', 257), null)).Count(FaultKind.None, 0, 0);
        _month.Of(CallerName.Anonymous).Count(FaultKind.None, 0, 0);
        _month.Of(new CallerName("a", "0", null)).Count(FaultKind.None, 0, 0);
        Assert.That(_month.Callers.Count(), Is.EqualTo(UsageMonth.MostCallers + 2));
        Assert.That((_month.Of(CallerName.Others).Counts.Requests, _month.Of(CallerName.Anonymous).Counts.Requests, _month.Of(new CallerName("a", "0", null)).Counts.Requests), Is.EqualTo((2, 1, 2)));
    }
}
