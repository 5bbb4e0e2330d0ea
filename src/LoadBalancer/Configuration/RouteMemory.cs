using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>
/// The routes of the configuration that was loaded last, by their text: a file of thousands of routes of which one has changed is read for that one. What is
/// known of the others holds whatever else the file says, because it follows from their text and their defaults alone. For one load at a time.
/// </summary>
internal sealed class RouteMemory
{
    private readonly Dictionary<string, ItemMemory> _items = new(StringComparer.Ordinal);
    private string[] _keys = [];
    private int _loads;

    /// <summary>How many routes it knows.</summary>
    public int Count => _items.Count;

    /// <summary>A file's text without the routes that are known; null where none is.</summary>
    public ShortenedText? Shorten(string text) => _items.Count == 0 || HasOtherBreaks(text) ? null : ShortenedText.Of(text, _items.GetAlternateLookup<ReadOnlySpan<char>>());

    /// <summary>Gives every route of a file a place where it is remembered as what it was read.</summary>
    /// <param name="root">The whole configuration.</param>
    /// <param name="textOf">The text of a file by its name.</param>
    public void Prepare(MapNode root, Func<string, string?> textOf)
    {
        foreach (var items in ListsOf(root))
        {
            LineCursor? lines = null;
            for (var at = 0; at + 1 < items.Count; at++)
            {
                // What follows the last item of a list may be anything.
                if (items[at] is MapNode { Memory: null } item && items[at + 1].Span is var next && next.File == item.Span.File && next.Line > item.Span.Line)
                {
                    lines = lines?.File == item.Span.File ? lines : new LineCursor(item.Span.File, textOf(item.Span.File) is { } text && !HasOtherBreaks(text) ? text : "");
                    item.Memory = lines.ItemAt(item.Span, next) is { Length: > 0 } own ? MemoryOf(own, item) : null;
                }
            }
        }
    }

    /// <summary>Remembers the routes of a configuration without errors, and forgets all others.</summary>
    public void Keep(MapNode root)
    {
        _loads++;
        foreach (var items in ListsOf(root))
        {
            foreach (var item in items)
            {
                if (item is MapNode { Memory: { } memory } && (memory.SeenIn != 0 || _items.TryAdd(memory.Text, memory)))
                {
                    memory.SeenIn = _loads;
                }
            }
        }

        foreach (var (text, memory) in _items)
        {
            if (memory.SeenIn != _loads)
            {
                _items.Remove(text);
            }
        }
    }

    private static IEnumerable<IReadOnlyList<ConfigNode>> ListsOf(MapNode root)
    {
        foreach (var listener in (root.Find("listeners")?.Value as MapNode)?.Entries ?? [])
        {
            if (listener.Value.Locate("http", "routes") is ListNode list)
            {
                yield return list.Items;
            }
        }
    }

    // To the parser these end a line as well, and then its lines are not those that are counted here.
    private static bool HasOtherBreaks(string text)
    {
        for (var at = text.IndexOf('\r'); at >= 0; at = text.IndexOf('\r', at + 1))
        {
            if (at + 1 == text.Length || text[at + 1] != '\n')
            {
                return true;
            }
        }

        return text.AsSpan().ContainsAny('\u2028', '\u2029');
    }

    // What is known already stays known where the whole file had to be read.
    private ItemMemory? MemoryOf(ReadOnlySpan<char> text, MapNode item)
    {
        if (_items.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var known) && known.Column == item.Span.Column)
        {
            return known;
        }

        if (Refers(item))
        {
            return null;
        }

        if (!item.Entries.Select(entry => entry.Key).SequenceEqual(_keys))
        {
            _keys = [.. item.Entries.Select(entry => entry.Key)];
        }

        return new ItemMemory(text.ToString(), item.Span.Column, ValuesOf(item), DepthOf(item), _keys, YamlSource.ParseItem);
    }

    // What a reference stands for may be another text next time. What stands between braces without a colon is a variable of a request.
    private static bool Refers(ConfigNode node) => node switch
    {
        MapNode map => map.Entries.Any(entry => Refers(entry.Value)),
        ListNode list => list.Items.Any(Refers),
        ScalarNode { Written: var text } => Refers(text),
        _ => false,
    };

    private static bool Refers(ReadOnlySpan<char> text)
    {
        for (var at = text.IndexOf("${", StringComparison.Ordinal); at >= 0; at = text.IndexOf("${", StringComparison.Ordinal))
        {
            text = text[(at + 2)..];
            var end = text.IndexOf('}');
            if (end < 0 || text[..end].Contains(':'))
            {
                return true;
            }
        }

        return false;
    }

    // As the bound of a file counts them.
    private static int ValuesOf(ConfigNode node) => 1 + node switch
    {
        MapNode map => map.Entries.Sum(entry => 1 + ValuesOf(entry.Value)),
        ListNode list => list.Items.Sum(ValuesOf),
        _ => 0,
    };

    private static int DepthOf(ConfigNode node) => node switch
    {
        MapNode map => 1 + map.Entries.Select(entry => DepthOf(entry.Value)).DefaultIfEmpty().Max(),
        ListNode list => 1 + list.Items.Select(DepthOf).DefaultIfEmpty().Max(),
        _ => 0,
    };

    /// <summary>The lines of a text, asked for from the first to the last.</summary>
    private sealed class LineCursor(string file, string text)
    {
        private (int Line, int Start) _at = (1, 0);

        public string File => file;

        /// <summary>The lines from one item to the next; empty where they do not begin with dashes that stand under one another.</summary>
        public ReadOnlySpan<char> ItemAt(SourceSpan item, SourceSpan next)
        {
            var (from, dash) = DashBefore(item);
            var (end, nextDash) = DashBefore(next);
            return dash >= 0 && dash == nextDash ? text.AsSpan(from..end) : default;
        }

        // Where its line begins, and the index in it of the dash that it begins with; -1 where something else stands before it.
        private (int Start, int Dash) DashBefore(SourceSpan item)
        {
            _at = item.Line < _at.Line ? (1, 0) : _at;
            while (_at.Line < item.Line && text.AsSpan(_at.Start).IndexOf('\n') is >= 0 and var length)
            {
                _at = (_at.Line + 1, _at.Start + length + 1);
            }

            if (_at.Line < item.Line || _at.Start + item.Column - 1 > text.Length)
            {
                return (0, -1);
            }

            var before = text.AsSpan(_at.Start, item.Column - 1);
            var dash = before.IndexOfAnyExcept(' ');
            return (_at.Start, dash >= 0 && before[dash] == '-' && dash + 1 < before.Length && !before[(dash + 1)..].ContainsAnyExcept(' ') ? dash : -1);
        }
    }
}
