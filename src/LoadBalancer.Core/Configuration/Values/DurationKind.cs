namespace LoadBalancer.Configuration.Values;

/// <summary>A time: <c>250ms 5s 1m 2h 30d</c>, both bounds included. Resolution: a millisecond.</summary>
internal sealed class DurationKind(string atLeast, string atMost) : ScalarKind<TimeSpan>
{
    private static readonly QuantityKind Text = new([("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)], "5s");

    private readonly long _least = Text.Parse(atLeast);
    private readonly long _most = Text.Parse(atMost);

    /// <inheritdoc/>
    public override string Noun => $"a duration from {atLeast} to {atMost}";

    /// <inheritdoc/>
    public override string Example => _least <= 5000 && _most >= 5000 ? "5s" : atMost;

    /// <inheritdoc/>
    protected override string Pattern => Text.Pattern;

    /// <inheritdoc/>
    public override bool TryParse(string text, out TimeSpan value)
    {
        var inRange = Text.TryParse(text, out var milliseconds) && milliseconds >= _least && milliseconds <= _most;
        value = inRange ? TimeSpan.FromMilliseconds(milliseconds) : default;
        return inRange;
    }

    /// <inheritdoc/>
    public override string? Print(TimeSpan value) => Text.Print(value.Ticks / TimeSpan.TicksPerMillisecond);

    /// <inheritdoc/>
    public override string? Advice(string text) => Text.Advice(text);
}
