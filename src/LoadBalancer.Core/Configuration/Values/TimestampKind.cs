using System.Globalization;

namespace LoadBalancer.Configuration.Values;

/// <summary>A moment of RFC 3339, with its offset: <c>2027-01-31T12:00:00Z</c>. To the second; it is kept in UTC.</summary>
internal sealed class TimestampKind : ScalarKind<DateTimeOffset>
{
    private static readonly string[] Forms = ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:sszzz"];

    /// <inheritdoc/>
    public override string Noun => "a time with its offset";

    /// <inheritdoc/>
    public override string Example => "2027-01-31T12:00:00Z";

    /// <inheritdoc/>
    protected override string Pattern => @"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})";

    /// <inheritdoc/>
    public override bool TryParse(string text, out DateTimeOffset value) => DateTimeOffset.TryParseExact(
        text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out value);

    /// <inheritdoc/>
    public override string? Print(DateTimeOffset value) => value.UtcDateTime.ToString(Forms[0], CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override string? Advice(string text) => TryParse($"{text}T00:00:00Z", out _) ? $"the beginning of that day is {text}T00:00:00Z" : null;
}
