namespace LoadBalancer.Configuration;

/// <summary>A value that is a map.</summary>
/// <param name="span">Where it starts.</param>
/// <param name="label">The key that it stands under.</param>
/// <param name="entries">Its entries in the file's order, no key twice.</param>
public sealed class MapNode(SourceSpan span, string label, IReadOnlyList<MapEntry> entries) : ConfigNode(span, label)
{
    private readonly Dictionary<string, MapEntry> _byKey = entries.ToDictionary(entry => entry.Key, StringComparer.Ordinal);

    /// <summary>The entries in the file's order.</summary>
    public IReadOnlyList<MapEntry> Entries => entries;

    /// <inheritdoc/>
    public override string Found => "a map";

    /// <summary>The entry of <paramref name="key"/>; null where it was not written.</summary>
    public MapEntry? Find(string key) => _byKey.GetValueOrDefault(key);

    /// <inheritdoc/>
    protected override ConfigNode? Child(string step) => Find(step)?.Value;
}
