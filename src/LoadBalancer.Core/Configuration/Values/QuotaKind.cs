using System.Globalization;

namespace LoadBalancer.Configuration.Values;

/// <summary>At most so many in a calendar period: <c>1000/day</c>, <c>50000/month</c>.</summary>
internal sealed class QuotaKind : ScalarKind<Quota>
{
    private const int MostDigits = 15;

    private static readonly (string Name, QuotaPeriod Period)[] Periods = [("day", QuotaPeriod.Day), ("month", QuotaPeriod.Month)];

    /// <inheritdoc/>
    public override string Noun => "a number per day or month";

    /// <inheritdoc/>
    public override string Example => "50000/month";

    /// <inheritdoc/>
    protected override string Pattern => "[1-9][0-9]{0,14}/(day|month)";

    /// <inheritdoc/>
    public override bool TryParse(string text, out Quota value)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var index = slash < 0 ? -1 : Array.FindIndex(Periods, period => period.Name == text[(slash + 1)..]);
        long count = 0;
        var formed = index >= 0 && slash is > 0 and <= MostDigits && text[0] != '0' && long.TryParse(text.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out count);
        value = formed ? new Quota(count, Periods[index].Period) : default;
        return formed;
    }

    /// <inheritdoc/>
    public override string? Print(Quota value) =>
        string.Create(CultureInfo.InvariantCulture, $"{value.Count}/{Array.Find(Periods, period => period.Period == value.Period).Name}");

    /// <inheritdoc/>
    public override string? Advice(string text) => text.Split('/')[^1] switch
    {
        "d" => "a day is day",
        "mo" or "m" => "a month is month",
        "s" or "min" or "h" => "seconds, minutes and hours belong to a rate",
        _ => null,
    };
}
