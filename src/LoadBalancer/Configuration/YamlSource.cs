using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication.ApiKeys;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>
/// Turns one YAML text into nodes. It takes the parser's events one by one and refuses at once what is out of bounds or
/// left out of the language (anchors, aliases, tags, keys that are no text, a second document), so that nothing is ever
/// built of it. Used once.
/// </summary>
/// <param name="text">The text.</param>
/// <param name="file">Its file, for the places.</param>
/// <param name="reader">Takes the errors.</param>
/// <param name="mostValues">How many values it may hold, keys counted too.</param>
/// <param name="shortened">What was left out of the text; null where it is whole.</param>
/// <param name="linesBefore">How many lines of the file come before the text.</param>
internal sealed class YamlSource(string text, string file, ConfigReader reader, int mostValues = YamlBounds.Values, ShortenedText? shortened = null, int linesBefore = 0)
{
    private const int MostLookedThrough = 8;

    private readonly Parser _events = new(new Scanner(new StringReader(text), skipComments: true));
    private readonly Stack<ParsingEvent> _open = new();
    private int _values;

    /// <summary>A key file, which is a list in this syntax, and may be longer than a configuration; null where it is none, which was reported.</summary>
    public static ListNode? ReadKeyFile(string text, string file, ConfigReader reader) => new YamlSource(text, file, reader, ApiKeyFile.MostValues).ReadList();

    /// <summary>A configuration file, of which the routes that are known are not parsed again.</summary>
    public static MapNode? ReadFile(string text, string file, ConfigReader reader, RouteMemory? known)
    {
        if (known?.Shorten(text) is { } shortened)
        {
            var apart = new ConfigReader();
            var root = new YamlSource(shortened.Text, file, apart, shortened: shortened).Read();
            if (root is not null && shortened.IsWhole && apart.Findings == 0)
            {
                return root;
            }
        }

        return new YamlSource(text, file, reader).Read();
    }

    /// <summary>The entries of an item that was parsed before, with the places that they have where it begins on another line.</summary>
    public static IReadOnlyList<MapEntry> ParseItem(ItemMemory item, SourceSpan place) =>
        new YamlSource(item.Text, place.File, new ConfigReader(), linesBefore: place.Line - 1).ReadList() is { Items: [MapNode map] }
            ? map.Entries
            : throw new InvalidOperationException("an item that was parsed before is none any more");

    /// <summary>The file's map, empty for an empty file; null where it has none, which was reported.</summary>
    public MapNode? Read()
    {
        var root = ReadRoot();
        if (root is ScalarNode { IsEmpty: true })
        {
            return new MapNode(root.Span, "", []);
        }

        if (root is not null and not MapNode)
        {
            reader.Error(root.Span, $"the file expects a map of keys, such as listeners and upstreams, not {root.Found}");
        }

        return root as MapNode;
    }

    /// <summary>The list that the file is, empty for an empty file; null where it is none, which was reported.</summary>
    public ListNode? ReadList()
    {
        var root = ReadRoot();
        if (root is ScalarNode { IsEmpty: true })
        {
            return new ListNode(root.Span, "", []);
        }

        if (root is not null and not ListNode)
        {
            reader.Error(root.Span, $"the file expects a list, whose items begin with '- ', not {root.Found}");
        }

        return root as ListNode;
    }

    /// <summary>What the file is; an empty text for an empty file. Null where that cannot be told, which was reported.</summary>
    private ConfigNode? ReadRoot()
    {
        try
        {
            RefuseControlCharacters();
            return ReadStream();
        }
        catch (YamlRefusal refusal)
        {
            reader.Error(refusal.Place, refusal.Message);
        }
        catch (YamlException error)
        {
            var hint = QuotingHints.For(error, text, _open.TryPeek(out var open) ? open : null);
            reader.Error(At(error.Start), $"not valid YAML: {char.ToLowerInvariant(error.Message[0])}{error.Message[1..].TrimEnd('.')}{hint}");
        }
        catch (Exception error)
        {
            // The parser's own errors on garbage (InvalidOperationException on `...`): what comes from outside must never end the process.
            var open = _open.TryPeek(out var start) && QuotingHints.IsFlow(start) ? start : null;
            var reason = open is null ? $"the parser gave up ({error.GetType().Name})" : $"this {QuotingHints.Opening(open)} is not closed";
            reader.Error(open is null ? SourceSpan.Whole(file) : At(open.Start), $"not valid YAML: {reason}");
        }

        return null;
    }

    // The scanner takes a NUL for the end of the text, and would drop the rest of the file in silence.
    private void RefuseControlCharacters()
    {
        var (line, start) = (1, 0);
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\n')
            {
                (line, start) = (line + 1, at + 1);
            }
            else if (char.IsControl(text[at]) && text[at] is not ('\t' or '\r'))
            {
                throw new YamlRefusal(
                    new SourceSpan(file, line, at - start + 1), FormattableString.Invariant($"not text: the control character U+{(int)text[at]:X4}"));
            }
        }
    }

    private ConfigNode ReadStream()
    {
        Expect<StreamStart>();
        if (Next() is StreamEnd)
        {
            return new ScalarNode(new SourceSpan(file, 1, 1), "", "");
        }

        var root = ReadNode(Next(), "");
        Expect<DocumentEnd>();
        if (Next() is not StreamEnd)
        {
            throw new YamlRefusal(At(_events.Current!.Start), "a file holds one document: remove the line '---'");
        }

        return root;
    }

    private ConfigNode ReadNode(ParsingEvent start, string label)
    {
        if (++_values > mostValues)
        {
            throw new YamlRefusal(At(start.Start), FormattableString.Invariant($"more than {mostValues} values in one file"));
        }

        RefuseWhatIsLeftOut(start);
        if (start is Scalar scalar)
        {
            return new ScalarNode(At(scalar.Start), label, scalar.Value, quoted: scalar.Style != ScalarStyle.Plain);
        }

        if (_open.Count == YamlBounds.Depth)
        {
            throw new YamlRefusal(At(start.Start), FormattableString.Invariant($"nested deeper than {YamlBounds.Depth} levels"));
        }

        _open.Push(start);
        ConfigNode node = start is SequenceStart ? ReadList(At(start.Start), label) : ReadMap(At(start.Start), label);
        _open.Pop();
        return node;
    }

    private ListNode ReadList(SourceSpan span, string label)
    {
        var items = new List<ConfigNode>();
        for (var next = Next(); next is not SequenceEnd; next = Next())
        {
            if (shortened is null || next is not Scalar { Style: ScalarStyle.Plain } plain || !shortened.TryPutBack(plain.Value, (int)next.Start.Line, (int)next.Start.Column, PutBack))
            {
                items.Add(ReadNode(next, label));
            }
        }

        return new ListNode(span, label, items);

        void PutBack(ItemMemory item, int line)
        {
            items.EnsureCapacity(shortened.LeftOut);
            _values += item.Values;
            if (_values > mostValues || _open.Count + item.Depth > YamlBounds.Depth)
            {
                // The whole file has a better place for it.
                throw new YamlRefusal(new SourceSpan(file, line, item.Column), "out of bounds");
            }

            items.Add(new MapNode(new SourceSpan(file, line, item.Column), label, item));
        }
    }

    private MapNode ReadMap(SourceSpan span, string label)
    {
        var entries = new List<MapEntry>();

        // Few maps have many keys, and there may be thousands of them.
        Dictionary<string, MapEntry>? known = null;
        for (var next = Next(); next is not MappingEnd; next = Next())
        {
            var (key, place) = (ReadKey(next), At(next.Start));
            var value = ReadNode(Next(), key);
            if (entries.Count == MostLookedThrough)
            {
                known ??= entries.ToDictionary(static entry => entry.Key, StringComparer.Ordinal);
            }

            var first = known is null ? entries.Find(entry => entry.Key == key) : known.GetValueOrDefault(key);
            if (first is not null)
            {
                reader.Error(place, $"the key {ScalarNode.Quote(key)} stands here a second time; the first is at {first.Place}");
                continue;
            }

            entries.Add(new MapEntry(key, place, value));
            known?.Add(key, entries[^1]);
        }

        // The parser gives a map inside a list without braces, `[a: b]`, the place 1:1.
        return new MapNode(span is { Line: 1, Column: 1 } && entries.Count > 0 ? entries[0].Place : span, label, entries);
    }

    private string ReadKey(ParsingEvent start)
    {
        if (start is Scalar { Value.Length: > 0 } key)
        {
            _values++;
            RefuseWhatIsLeftOut(start);
            return key.Value == "<<" ? throw new YamlRefusal(At(start.Start), "merge keys (<<) are no part of the language") : key.Value;
        }

        RefuseWhatIsLeftOut(start);
        var hint = start is SequenceStart ? QuotingHints.Bracket : QuotingHints.Brace;
        throw new YamlRefusal(At(start.Start), start is Scalar ? "a key is missing before ':'" : $"a key is a word, not a list or a map{hint}");
    }

    private void RefuseWhatIsLeftOut(ParsingEvent start)
    {
        if (start is AnchorAlias)
        {
            throw new YamlRefusal(At(start.Start), $"aliases (*name) are no part of the language{QuotingHints.Star}");
        }

        if (start is NodeEvent { Anchor.IsEmpty: false })
        {
            throw new YamlRefusal(At(start.Start), "anchors (&name) are no part of the language; put a value that starts with '&' in quotes");
        }

        if (start is NodeEvent { Tag.IsEmpty: false })
        {
            throw new YamlRefusal(At(start.Start), "tags (!name) are no part of the language; put a value that starts with '!' in quotes");
        }
    }

    private ParsingEvent Next() => _events.MoveNext() ? _events.Current! : throw new YamlRefusal(SourceSpan.Whole(file), "not valid YAML: it ends too early");

    private void Expect<TEvent>()
        where TEvent : ParsingEvent
    {
        if (Next() is not TEvent)
        {
            throw new YamlRefusal(At(_events.Current!.Start), "not valid YAML: something follows where the file should end");
        }
    }

    private SourceSpan At(Mark mark) => new(file, shortened?.LineOf((int)mark.Line) ?? ((int)mark.Line + linesBefore), (int)mark.Column);
}
