using System.Collections;

namespace LoadBalancer.Configuration;

/// <summary>
/// The keys of a record of options: what the file may say, and how it reads into the record. Written as a table, one
/// line a key. A default is stated once, in the record's own initializer: the shape reads it from a blank record.
/// Immutable once built.
/// </summary>
/// <typeparam name="T">The record.</typeparam>
public sealed class Shape<T> : Shape, IEnumerable<Key>
{
    private readonly Func<T> _blank;
    private readonly Lazy<T> _defaults;
    private readonly List<Key<T>> _keys;

    /// <summary>A shape without keys; the initializer adds them.</summary>
    /// <param name="name">The record's name in the schema and the reference.</param>
    /// <param name="doc">What the record is for, one sentence in Markdown.</param>
    /// <param name="example">One value that loads, as it would stand in the file.</param>
    /// <param name="blank">A record with the defaults; what is required may be null in it, since it is never handed out so.</param>
    /// <param name="shortForm">The key that a plain value stands for.</param>
    public Shape(string name, string doc, string example, Func<T> blank, string? shortForm = null)
        : this(name, doc, example, blank, shortForm, [])
    {
    }

    private Shape(string name, string doc, string example, Func<T> blank, string? shortForm, List<Key<T>> keys)
        : base(name, doc, example, shortForm)
    {
        _blank = blank;
        _defaults = new Lazy<T>(blank);
        _keys = keys;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Key<T>> Keys => _keys;

    /// <summary>A record with the defaults, each time the same one: a list may have thousands that start from it.</summary>
    public T Blank() => _defaults.Value;

    /// <summary>The same keys over other defaults.</summary>
    public Shape<T> StartingFrom(T start) => new(Name, Doc, Example, () => start, ShortForm, _keys);

    /// <summary>Adds a key.</summary>
    public void Add<TValue>(
        string name, Kind<TValue> kind, Func<T, TValue> get, Func<T, TValue, T> set, string doc, Presence presence = Presence.Optional) =>
        Add(name, _ => kind, get, set, doc, presence);

    /// <summary>Adds a key whose kind depends on keys above it: how <c>defaults</c> reach the listeners.</summary>
    public void Add<TValue>(
        string name, Func<T, Kind<TValue>> kind, Func<T, TValue> get, Func<T, TValue, T> set, string doc, Presence presence = Presence.Optional) =>
        _keys.Add(new KeyOfValue<T, TValue>(name, doc, presence, _blank, kind, get, set));

    /// <summary>Adds the keys of a part, which stand beside the record's own then.</summary>
    /// <param name="part">The part's keys.</param>
    /// <param name="get">The part of a record.</param>
    /// <param name="set">A record with another part.</param>
    /// <param name="except">Keys that are left out.</param>
    public Shape<T> Including<TPart>(Shape<TPart> part, Func<T, TPart> get, Func<T, TPart, T> set, params string[] except)
    {
        _keys.AddRange(part._keys.Where(key => !except.Contains(key.Name)).Select(key => new KeyOfPart<T, TPart>(key, get, set)));
        return this;
    }

    /// <summary>The record that <paramref name="map"/> describes over <paramref name="start"/>. What is left over is an error, and so is what is missing.</summary>
    public T Read(MapNode map, T start, ConfigReader reader)
    {
        var record = start;
        foreach (var key in _keys)
        {
            if (map.Find(key.Name) is { } entry)
            {
                record = key.Read(record, entry.Value, reader);
            }
        }

        var unknown = map.Entries.Where(entry => _keys.TrueForAll(key => key.Name != entry.Key)).ToList();
        unknown.ForEach(entry => reader.Error(entry.Place, reader.IsFull ? "" : Unknown(entry.Key, map.Label)));
        if (unknown.Count == 0)
        {
            // Beside an unknown key a missing one is most often the same mistake, and would be reported twice.
            ReportMissing(map, reader);
        }

        return record;
    }

    /// <summary>The record as the file would have it, without what is the default: <c>{timeout: 5s, retry: off}</c>.</summary>
    public string Describe(T record)
    {
        var keys = _keys.Select(key => (key.Name, Text: key.Describe(record))).Where(key => key.Text is not null).ToList();
        return keys is [var only] && only.Name == ShortForm ? only.Text! : $"{{{string.Join(", ", keys.Select(key => $"{key.Name}: {key.Text}"))}}}";
    }

    /// <summary>Says in which keys two records differ; see <see cref="Kind{T}.Compare"/>.</summary>
    public void Compare(T before, T after, string path, ICollection<OptionChange> changes)
    {
        if (!EqualityComparer<T>.Default.Equals(before, after))
        {
            _keys.ForEach(key => key.Compare(before, after, path, changes));
        }
    }

    /// <summary>The record that a plain value, or a list, describes through the short form.</summary>
    internal ReadOutcome ReadShort(ConfigNode node, T start, ConfigReader reader, out T record)
    {
        var key = _keys.Find(key => key.Name == ShortForm);
        record = key is null ? start : key.Read(start, node, reader);
        return key is null ? ReadOutcome.Mismatch : ReadOutcome.Read;
    }

    /// <summary>Reports every required key that <paramref name="node"/> lacks.</summary>
    internal void ReportMissing(ConfigNode node, ConfigReader reader)
    {
        foreach (var key in _keys.Where(key => key.IsRequired && (node as MapNode)?.Find(key.Name) is null))
        {
            reader.Error(node.Span, $"{ScalarNode.Quote(node.Label)} needs the key '{key.Name}': {key.Kind.Expected}");
        }
    }

    /// <inheritdoc/>
    public IEnumerator<Key> GetEnumerator() => _keys.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private string Unknown(string key, string label)
    {
        var place = label.Length == 0 ? "" : $" in {ScalarNode.Clean(label)}";
        var suggestion = NearestName.Suggest(key, _keys.Select(known => known.Name));
        var known = suggestion.Length > 0 ? suggestion : $"; it has {string.Join(", ", _keys.Select(known => known.Name))}";
        return $"unknown key {ScalarNode.Quote(key)}{place}{known}";
    }
}
