using System.Globalization;

namespace LoadBalancer.Peers.Results;

/// <summary>How a report writes numbers: three significant digits, and a dash for what was not measured.</summary>
internal static class Figures
{
    public const string None = "–";

    public static string Number(double? value) => value is not { } v ? None
        : v.ToString(Math.Abs(v) >= 100 ? "0" : Math.Abs(v) >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    public static string Whole(double? value) => value is not { } v ? None : v.ToString("N0", CultureInfo.InvariantCulture);

    public static string Percent(double? value) => value is not { } v ? None : (v * 100).ToString("0", CultureInfo.InvariantCulture) + " %";

    public static string Range(double? low, double? high) => low is null || high is null ? None : $"{Number(low)}–{Number(high)}";
}
