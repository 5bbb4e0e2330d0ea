using System.Globalization;

namespace LoadBalancer.Configuration.Values;

/// <summary>A share, always with its sign: <c>10%</c> is 0.1. Both bounds included, at most four decimals.</summary>
internal sealed class PercentKind(string atLeast, string atMost) : ScalarKind<double>
{
    private readonly double _least = Share(atLeast);
    private readonly double _most = Share(atMost);

    /// <inheritdoc/>
    public override string Noun => $"a percentage from {atLeast} to {atMost}";

    /// <inheritdoc/>
    public override string Example => _least <= 0.1 && _most >= 0.1 ? "10%" : atMost;

    /// <inheritdoc/>
    protected override string Pattern => @"[0-9]{1,4}(\.[0-9]{1,4})?%";

    /// <inheritdoc/>
    public override bool TryParse(string text, out double value)
    {
        value = Share(text);
        return value >= _least && value <= _most;
    }

    /// <inheritdoc/>
    public override string? Print(double value) => $"{((decimal)value * 100).ToString("0.####", CultureInfo.InvariantCulture)}%";

    /// <inheritdoc/>
    public override string? Advice(string text) => text.Length > 0 && text.All(letter => char.IsAsciiDigit(letter) || letter == '.') ? "add the sign %" : null;

    // In decimal, so that 10% is the double nearest to 0.1 and equals what the program writes as 0.1. Not a number: of no range.
    private static double Share(string text)
    {
        var digits = text.AsSpan().TrimEnd('%');
        var point = digits.IndexOf('.');
        var formed = digits.Length == text.Length - 1 && point != 0 && point != digits.Length - 1
            && (point < 0 ? digits.Length : point) <= 4 && digits.Length - 1 - (point < 0 ? digits.Length - 1 : point) <= 4;
        return formed && decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) ? (double)(percent / 100) : double.NaN;
    }
}
