using System.Globalization;

namespace LoadBalancer.Configuration.Values;

/// <summary>
/// A whole number with a unit, such as <c>250ms</c> or <c>64KiB</c>, both bounds included. The value is held in the
/// smallest unit.
/// </summary>
/// <param name="units">The units by rising size, each with how many of the smallest it is.</param>
/// <param name="example">One valid value.</param>
internal sealed class QuantityKind((string Name, long Factor)[] units, string example)
{
    /// <summary>A regular expression of the texts that are read.</summary>
    public string Pattern => $"[0-9]+({string.Join('|', units.Select(unit => unit.Name))})";

    /// <summary>Reads digits and a unit; false also where the value is beyond what 64 bits hold.</summary>
    public bool TryParse(string text, out long value)
    {
        value = 0;
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var unit = Array.Find(units, unit => text.AsSpan(digits).SequenceEqual(unit.Name));
        if (unit.Factor == 0 || !long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count > long.MaxValue / unit.Factor)
        {
            return false;
        }

        value = count * unit.Factor;
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, for the bounds that the program states.</summary>
    /// <exception cref="FormatException">The text is not of this kind.</exception>
    public long Parse(string text) => TryParse(text, out var value) ? value : throw new FormatException($"'{text}' is not such as {example}.");

    /// <summary>The value in the largest unit that leaves no fraction.</summary>
    public string Print(long value)
    {
        var unit = value == 0 ? units[0] : units.Last(unit => value % unit.Factor == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{value / unit.Factor}{unit.Name}");
    }

    /// <summary>Advice for a number without a unit, a unit in other letters, a fraction.</summary>
    public string? Advice(string text)
    {
        var digits = string.Concat(text.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.'));
        var names = string.Join(", ", units.Select(unit => unit.Name));
        var unit = text[digits.Length..].Trim();
        if (digits.Length == 0 || TryParse(text, out _))
        {
            return null;
        }

        if (digits.Contains('.', StringComparison.Ordinal))
        {
            return $"write a whole number of a smaller unit ({names})";
        }

        return unit.Length == 0 ? $"add a unit ({names})" : $"the units are {names}, without a space before them";
    }
}
