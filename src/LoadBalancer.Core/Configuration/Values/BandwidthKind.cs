namespace LoadBalancer.Configuration.Values;

/// <summary>Bytes per second: <c>240B/s</c>, both bounds included.</summary>
internal sealed class BandwidthKind(string atLeast, string atMost) : ScalarKind<long>
{
    private const string PerSecond = "/s";

    private readonly SizeKind _size = new(Amount(atLeast), Amount(atMost));

    /// <inheritdoc/>
    public override string Noun => $"a bandwidth from {atLeast} to {atMost}";

    /// <inheritdoc/>
    public override string Example => $"{_size.Example}{PerSecond}";

    /// <inheritdoc/>
    protected override string Pattern => $"{SizeKind.Text.Pattern}{PerSecond}";

    /// <inheritdoc/>
    public override bool TryParse(string text, out long value)
    {
        value = 0;
        return text.EndsWith(PerSecond, StringComparison.Ordinal) && _size.TryParse(Amount(text), out value);
    }

    /// <inheritdoc/>
    public override string? Print(long value) => $"{_size.Print(value)}{PerSecond}";

    private static string Amount(string text) => text[..^PerSecond.Length];
}
