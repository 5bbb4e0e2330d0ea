using System.Globalization;

namespace LoadBalancer.Configuration.Values;

/// <summary>At most so many in any window: <c>50/s</c>, <c>60/min</c>, <c>1000/h</c>.</summary>
internal sealed class RateKind : ScalarKind<Rate>
{
    private static readonly (string Name, TimeSpan Window)[] Windows =
        [("s", TimeSpan.FromSeconds(1)), ("min", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1))];

    /// <inheritdoc/>
    public override string Noun => "a rate per s, min or h";

    /// <inheritdoc/>
    public override string Example => "60/min";

    /// <inheritdoc/>
    protected override string Pattern => "[1-9][0-9]{0,8}/(s|min|h)";

    /// <inheritdoc/>
    public override bool TryParse(string text, out Rate value)
    {
        var parts = text.Split('/');
        var window = parts.Length == 2 ? Array.Find(Windows, window => window.Name == parts[1]).Window : default;
        var formed = window != default && parts[0].Length <= 9
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 && parts[0][0] != '0';
        value = formed ? new Rate(long.Parse(parts[0], CultureInfo.InvariantCulture), window) : default;
        return formed;
    }

    /// <inheritdoc/>
    public override string? Print(Rate value) =>
        string.Create(CultureInfo.InvariantCulture, $"{value.Count}/{Array.Find(Windows, window => window.Window == value.Window).Name}");

    /// <inheritdoc/>
    public override string? Advice(string text) => text.Split('/')[^1] switch
    {
        "m" or "minute" => "a minute is min",
        "sec" or "second" => "a second is s",
        "hour" => "an hour is h",
        "d" or "day" or "month" => "days and months are calendar periods and belong to a quota",
        _ => null,
    };
}
