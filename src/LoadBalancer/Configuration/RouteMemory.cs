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
    public ShortenedText? Shorten(string text) => _items.Count == 0 ? null : ShortenedText.Of(text, _items.GetAlternateLookup<ReadOnlySpan<char>>());

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
                    lines = lines?.File == item.Span.File ? lines : textOf(item.Span.File) is { } text ? new LineCursor(item.Span.File, text) : null;
                    item.Memory = lines is null ? null : NewMemory(lines, item, next);
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

    private ItemMemory? NewMemory(LineCursor lines, MapNode item, SourceSpan next)
    {
        var (from, dash) = (lines.StartOf(item.Span.Line), lines.DashBefore(item.Span));
        var (end, nextDash) = (lines.StartOf(next.Line), lines.DashBefore(next));
        var text = lines.Text[from..end];
        if (dash < 0 || dash != nextDash || Refers(item))
        {
            return null;
        }

        if (!item.Entries.Select(entry => entry.Key).SequenceEqual(_keys))
        {
            _keys = [.. item.Entries.Select(entry => entry.Key)];
        }

        return new ItemMemory(text, item.Span.Column, ValuesOf(item), _keys, YamlSource.ParseItem);
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

    /// <summary>The lines of a text, asked for from the first to the last.</summary>
    private sealed class LineCursor(string file, string text)
    {
        private (int Line, int Start) _at = (1, 0);

        public string File => file;

        public string Text => text;

        /// <summary>Where a line begins.</summary>
        public int StartOf(int line)
        {
            _at = line < _at.Line ? (1, 0) : _at;
            while (_at.Line < line && text.AsSpan(_at.Start).IndexOf('\n') is >= 0 and var length)
            {
                _at = (_at.Line + 1, _at.Start + length + 1);
            }

            return _at.Start;
        }

        /// <summary>The index in its line of the dash that an item begins with; -1 where something else stands before it.</summary>
        public int DashBefore(SourceSpan item)
        {
            var before = text.AsSpan(StartOf(item.Line), item.Column - 1);
            var dash = before.IndexOfAnyExcept(' ');
            return dash >= 0 && before[dash] == '-' && dash + 1 < before.Length && !before[(dash + 1)..].ContainsAnyExcept(' ') ? dash : -1;
        }
    }
}
