namespace LoadBalancer.Configuration.Values;

/// <summary>A number of bytes: <c>512B 64KiB 10MB</c>, both bounds included. <c>KB</c> is 1000, <c>KiB</c> is 1024.</summary>
internal sealed class SizeKind(string atLeast, string atMost) : ScalarKind<long>
{
    /// <summary>Digits and a unit of bytes.</summary>
    internal static readonly QuantityKind Text = new(
        [("B", 1), ("KB", 1000), ("KiB", 1 << 10), ("MB", 1_000_000), ("MiB", 1 << 20), ("GB", 1_000_000_000), ("GiB", 1 << 30),
            ("TB", 1_000_000_000_000), ("TiB", 1L << 40)],
        "64KiB");

    private readonly long _least = Text.Parse(atLeast);
    private readonly long _most = Text.Parse(atMost);

    /// <inheritdoc/>
    public override string Noun => $"a size from {atLeast} to {atMost}";

    /// <inheritdoc/>
    public override string Example => _least <= 1 << 16 && _most >= 1 << 16 ? "64KiB" : atMost;

    /// <inheritdoc/>
    protected override string Pattern => Text.Pattern;

    /// <inheritdoc/>
    public override bool TryParse(string text, out long value) => Text.TryParse(text, out value) && value >= _least && value <= _most;

    /// <inheritdoc/>
    public override string? Print(long value) => Text.Print(value);

    /// <inheritdoc/>
    public override string? Advice(string text) => Text.Advice(text);
}
