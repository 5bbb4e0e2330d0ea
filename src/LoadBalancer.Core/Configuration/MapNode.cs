namespace LoadBalancer.Configuration;

/// <summary>A value that is a map.</summary>
public sealed class MapNode : ConfigNode
{
    /// <summary>So many entries are looked through: few maps have more, and a file may have thousands of maps.</summary>
    private const int MostLookedThrough = 8;

    private IReadOnlyList<MapEntry>? _entries;
    private Dictionary<string, MapEntry>? _byKey;

    /// <summary>A map.</summary>
    /// <param name="span">Where it starts.</param>
    /// <param name="label">The key that it stands under.</param>
    /// <param name="entries">Its entries in the file's order, no key twice.</param>
    public MapNode(SourceSpan span, string label, IReadOnlyList<MapEntry> entries)
        : base(span, label) => _entries = entries;

    /// <summary>A map that was read before, and whose entries are made only where somebody asks for them.</summary>
    internal MapNode(SourceSpan span, string label, ItemMemory memory)
        : base(span, label) => Memory = memory;

    private MapNode(MapNode other, string label)
        : base(other.Span, label) => (_entries, Memory) = (other._entries, other.Memory);

    /// <summary>The entries in the file's order.</summary>
    public IReadOnlyList<MapEntry> Entries => _entries ??= Memory!.Parse(Span);

    /// <inheritdoc/>
    public override string Found => "a map";

    /// <summary>What it was read as before, and where to keep what it is read as; null for most.</summary>
    internal ItemMemory? Memory { get; set; }

    /// <summary>The entry of <paramref name="key"/>; null where it was not written.</summary>
    public MapEntry? Find(string key)
    {
        if (!MayHave(key))
        {
            return null;
        }

        var entries = Entries;
        if (entries.Count > MostLookedThrough)
        {
            _byKey ??= entries.ToDictionary(entry => entry.Key, StringComparer.Ordinal);
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

    /// <summary>True where <paramref name="key"/> was written.</summary>
    public bool Has(string key) => Memory is null ? Find(key) is not null : MayHave(key);

    /// <summary>The same map under another label.</summary>
    internal MapNode Under(string label) => new(this, label);

    /// <inheritdoc/>
    protected override ConfigNode? Child(string step) => Find(step)?.Value;

    // What is remembered of a map has its keys: nothing has to be parsed to tell what is not there.
    private bool MayHave(string key) => Memory is null || Array.IndexOf(Memory.Keys, key) >= 0;
}
