using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>
/// The text of a file without the items that are known, so that the parser need not go through them again: a line with a mark stands in the place of each row of
/// them. Used for one reading.
/// </summary>
/// <remarks>
/// What the text was before a mark decides what the mark is: only where the parser finds it as an item of its own has it found the place of an item, with the list
/// open in which the known ones may stand, and nothing else open; behind it the same list is open still. Where a mark is part of something else, such as a text in
/// quotes that somebody has not closed, it is not found, and <see cref="IsWhole"/> says so: then the whole file has to be read.
/// </remarks>
internal sealed class ShortenedText
{
    /// <summary>What stands in the place of items: a plain text.</summary>
    private const string Mark = "known";

    private readonly List<ItemMemory> _items;
    private readonly List<Row> _rows = [];
    private int _found;

    private ShortenedText(string text, int known) => (Text, _items) = (text, new List<ItemMemory>(known));

    /// <summary>What is left.</summary>
    public string Text { get; private set; }

    /// <summary>How many items were left out.</summary>
    public int LeftOut => _items.Count;

    /// <summary>True where every mark was found in its place.</summary>
    public bool IsWhole => _found == _rows.Count;

    /// <summary>A text without its known items; null where it has none.</summary>
    /// <param name="text">The text of the file.</param>
    /// <param name="known">The items by their lines.</param>
    public static ShortenedText? Of(string text, Dictionary<string, ItemMemory>.AlternateLookup<ReadOnlySpan<char>> known)
    {
        var shortened = new ShortenedText(text, known.Dictionary.Count);
        var rest = new StringBuilder();
        var (copied, shortLine) = (0, 1);
        var (from, fromLine, dash) = (-1, 0, -1);
        var line = 1;
        for (var start = 0; start < text.Length; line++)
        {
            var length = text.AsSpan(start).IndexOf('\n') + 1;
            var end = length == 0 ? text.Length : start + length;
            var content = text.AsSpan(start, end - start);
            var indent = content.IndexOfAnyExcept(' ');
            if (indent >= 0 && content[indent] is not ('\r' or '\n' or '#'))
            {
                var isItem = content[indent] == '-' && indent + 1 < content.Length && content[indent + 1] == ' ';
                if (from >= 0 && indent <= dash)
                {
                    if (isItem && indent == dash && known.TryGetValue(text.AsSpan(from, start - from), out var item))
                    {
                        shortLine = shortened.Leave(item, rest, text, ref copied, from, fromLine, shortLine, dash);
                        copied = start;
                    }

                    from = -1;
                }

                if (isItem && from < 0)
                {
                    (from, fromLine, dash) = (start, line, indent);
                }
            }

            start = end;
        }

        if (shortened._rows.Count == 0)
        {
            return null;
        }

        shortened.Text = rest.Append(text, copied, text.Length - copied).ToString();
        return shortened;
    }

    /// <summary>The line of the file that a line of the text is.</summary>
    public int LineOf(int shortLine)
    {
        var at = RowBefore(shortLine);
        return at < 0 ? shortLine : _rows[at].ShortLine == shortLine ? _rows[at].Line : shortLine + _rows[at].LeftOut;
    }

    /// <summary>Adds the items that a plain text stands for; false where it is a text of the file itself.</summary>
    /// <param name="plain">The text.</param>
    /// <param name="shortLine">Its line.</param>
    /// <param name="column">Its column.</param>
    /// <param name="add">Takes each item and its line in the file.</param>
    public bool TryPutBack(string plain, int shortLine, int column, Action<ItemMemory, int> add)
    {
        var at = RowBefore(shortLine);
        if (at < 0 || _rows[at].ShortLine != shortLine || plain != Mark || column != _rows[at].Column)
        {
            return false;
        }

        var row = _rows[at];
        _found++;
        var line = row.Line;
        for (var item = row.First; item < row.First + row.Count; item++)
        {
            add(_items[item], line);
            line += _items[item].Lines;
        }

        return true;
    }

    // The line of the text that follows what is left out.
    private int Leave(ItemMemory item, StringBuilder rest, string text, ref int copied, int from, int fromLine, int shortLine, int dash)
    {
        _items.Add(item);
        if (_rows.Count > 0 && copied == from && _rows[^1].End == fromLine)
        {
            var last = _rows[^1];
            _rows[^1] = last with { Count = last.Count + 1, End = last.End + item.Lines, LeftOut = last.LeftOut + item.Lines };
            return shortLine;
        }

        shortLine += text.AsSpan(copied, from - copied).Count('\n');
        rest.Append(text, copied, from - copied).Append(' ', dash).Append("- ").Append(Mark).Append('\n');
        var before = _rows.Count > 0 ? _rows[^1].LeftOut : 0;
        _rows.Add(new Row(shortLine, fromLine, fromLine + item.Lines, dash + 3, _items.Count - 1, 1, before + item.Lines - 1));
        return shortLine + 1;
    }

    // The last row that begins on this line or before; -1 for none.
    private int RowBefore(int shortLine)
    {
        var (low, high) = (0, _rows.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_rows[middle].ShortLine <= shortLine)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high;
    }

    /// <summary>Items that stand one after the other.</summary>
    /// <param name="ShortLine">The line of their mark.</param>
    /// <param name="Line">The line of the file at which they begin.</param>
    /// <param name="End">The line of the file that follows them.</param>
    /// <param name="Column">The column of the mark.</param>
    /// <param name="First">The first of them.</param>
    /// <param name="Count">How many.</param>
    /// <param name="LeftOut">How many lines the file has more than the text, up to the end of them.</param>
    private readonly record struct Row(int ShortLine, int Line, int End, int Column, int First, int Count, int LeftOut);
}
