using System.Globalization;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Resilience;

/// <summary>The kind of an item of <c>retry: {on: …}</c>.</summary>
internal sealed class RetryReasonKind : ScalarKind<string>
{
    /// <summary>Nothing was sent, or the endpoint has not looked at it.</summary>
    public const string Connect = "connect";

    /// <summary>The connection ended before the head of a response.</summary>
    public const string Reset = "reset";

    /// <summary>The head of the response did not come in time.</summary>
    public const string Timeout = "timeout";

    /// <inheritdoc/>
    public override string Noun => "connect, reset, timeout or a status from 400 to 599";

    /// <inheritdoc/>
    public override string Example => "503";

    /// <inheritdoc/>
    protected override string Pattern => "connect|reset|timeout|[45][0-9][0-9]";

    /// <inheritdoc/>
    public override bool TryParse(string text, out string value)
    {
        value = text;
        return text is Connect or Reset or Timeout || (text.Length == 3 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 400 and < 600);
    }

    /// <inheritdoc/>
    public override string? Print(string value) => value;

    /// <inheritdoc/>
    public override string? Advice(string text) => text.ToUpperInvariant() switch
    {
        "5XX" or "SERVER_ERROR" or "ERROR" => "write the statuses: [502, 503, 504]",
        _ => NearestName.Of(text, [Connect, Reset, Timeout]) is { } near ? $"did you mean '{near}'?" : null,
    };
}
