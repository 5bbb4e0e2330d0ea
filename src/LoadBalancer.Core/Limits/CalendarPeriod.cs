using System.Globalization;
using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>One day or month of the calendar, in UTC.</summary>
/// <param name="Kind">Which of the two.</param>
/// <param name="Begins">Its first moment.</param>
internal readonly record struct CalendarPeriod(QuotaPeriod Kind, DateTimeOffset Begins)
{
    private const string DayForm = "yyyy-MM-dd";
    private const string MonthForm = "yyyy-MM";

    /// <summary>The first moment of the next one.</summary>
    public DateTimeOffset Ends => Kind == QuotaPeriod.Day ? Begins.AddDays(1) : Begins.AddMonths(1);

    /// <summary>Where a clock says less than this, more than a whole period before it, the clock is wrong or was.</summary>
    public DateTimeOffset Earliest => Begins.Year == DateTimeOffset.MinValue.Year ? Begins : Kind == QuotaPeriod.Day ? Begins.AddDays(-1) : Begins.AddMonths(-1);

    /// <summary>The one that <paramref name="now"/> is in.</summary>
    public static CalendarPeriod Of(QuotaPeriod kind, DateTimeOffset now)
    {
        var day = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        return new CalendarPeriod(kind, kind == QuotaPeriod.Day ? day : day.AddDays(1 - day.Day));
    }

    /// <summary>Reads what <see cref="ToString"/> writes; not of the year 9999, which would end when there are no dates any more.</summary>
    public static bool TryParse(string? text, out CalendarPeriod period)
    {
        var kind = text?.Length == DayForm.Length ? QuotaPeriod.Day : QuotaPeriod.Month;
        var formed = DateTimeOffset.TryParseExact(
            text, kind == QuotaPeriod.Day ? DayForm : MonthForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var begins);
        period = new CalendarPeriod(kind, begins);
        return formed && begins.Year < DateTimeOffset.MaxValue.Year;
    }

    /// <summary><c>2026-11-22</c> or <c>2026-11</c>.</summary>
    public override string ToString() => Begins.ToString(Kind == QuotaPeriod.Day ? DayForm : MonthForm, CultureInfo.InvariantCulture);
}
