using System.Globalization;

namespace LoadBalancer.Configuration.Values;

/// <summary>A whole number or two with a hyphen between them, all bounds included: <c>204</c>, <c>200-299</c>.</summary>
internal sealed class IntegerRangeKind(string noun, int atLeast, int atMost) : ScalarKind<IntegerRange>
{
    /// <inheritdoc/>
    public override string Noun => string.Create(CultureInfo.InvariantCulture, $"{noun} from {atLeast} to {atMost}, or a range of them");

    /// <inheritdoc/>
    public override string Example => string.Create(CultureInfo.InvariantCulture, $"{atLeast}-{atMost}");

    /// <inheritdoc/>
    protected override string Pattern => "[1-9][0-9]*(-[1-9][0-9]*)?";

    /// <inheritdoc/>
    public override bool TryParse(string text, out IntegerRange value)
    {
        var hyphen = text.IndexOf('-', StringComparison.Ordinal);
        var valid = TryParseOne(hyphen < 0 ? text : text.AsSpan(0, hyphen), out var from);
        var to = from;
        valid &= hyphen < 0 || TryParseOne(text.AsSpan(hyphen + 1), out to);
        value = new IntegerRange(from, to);
        return valid && from <= to;
    }

    /// <inheritdoc/>
    public override string? Print(IntegerRange value) => value.ToString();

    /// <inheritdoc/>
    public override string? Advice(string text) =>
        text.Length == 3 && text[0] is >= '1' and <= '5' && text.EndsWith("xx", StringComparison.OrdinalIgnoreCase) ? $"write {text[0]}00-{text[0]}99" : null;

    private bool TryParseOne(ReadOnlySpan<char> text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && text[0] != '0' && value >= atLeast && value <= atMost;
}
