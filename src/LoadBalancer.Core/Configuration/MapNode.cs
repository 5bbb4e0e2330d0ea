namespace LoadBalancer.Configuration;

/// <summary>A value that is a map.</summary>
/// <param name="span">Where it starts.</param>
/// <param name="label">The key that it stands under.</param>
/// <param name="entries">Its entries in the file's order, no key twice.</param>
public sealed class MapNode(SourceSpan span, string label, IReadOnlyList<MapEntry> entries) : ConfigNode(span, label)
{
    /// <summary>So many entries are looked through: few maps have more, and a file may have thousands of maps.</summary>
    private const int MostLookedThrough = 8;

    private readonly Dictionary<string, MapEntry>? _byKey = entries.Count > MostLookedThrough ? entries.ToDictionary(entry => entry.Key, StringComparer.Ordinal) : null;

    /// <summary>The entries in the file's order.</summary>
    public IReadOnlyList<MapEntry> Entries => entries;

    /// <inheritdoc/>
    public override string Found => "a map";

    /// <summary>The entry of <paramref name="key"/>; null where it was not written.</summary>
    public MapEntry? Find(string key)
    {
        if (_byKey is not null)
        {
            return _byKey.GetValueOrDefault(key);
        }

        for (var at = 0; at < entries.Count; at++)
        {
            if (entries[at].Key == key)
            {
                return entries[at];
            }
        }

        return null;
    }

    /// <inheritdoc/>
    protected override ConfigNode? Child(string step) => Find(step)?.Value;
}
