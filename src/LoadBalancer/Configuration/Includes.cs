using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>
/// Merges the files of <c>include</c> into the main file's map: product teams keep their own. Maps merge by name, and a
/// name defined twice is an error that names both places; routes are added to those of their listener. Not thread-safe; one per load.
/// </summary>
/// <param name="files">Reads the files.</param>
/// <param name="reader">Takes the errors.</param>
/// <param name="known">The routes that are known; null for none.</param>
internal sealed class Includes(SourceFiles files, ConfigReader reader, RouteMemory? known)
{
    // What belongs to a product team; everything else belongs to whoever runs the machine.
    private static readonly string[] Allowed = ["upstreams", "rate_limits", RoutesKey];

    private const string RoutesKey = "routes";

    private readonly List<MapEntry> _routes = [];
    private readonly HashSet<string> _merged = new(StringComparer.Ordinal);
    private long _characters;

    /// <summary>The folders that patterns look into. Full paths.</summary>
    public List<string> Folders { get; } = [];

    /// <summary>False where something that is included could not be read, so that names may be missing.</summary>
    public bool AreWhole { get; private set; } = true;

    /// <summary><paramref name="main"/> with everything that its <c>include</c> names.</summary>
    public MapNode Merge(MapNode main)
    {
        if (main.Find("include") is not { } include)
        {
            return main;
        }

        // The key itself is read, and its errors reported, with the rest of the file; here only what is well formed counts.
        var patterns = include.Value switch
        {
            ListNode list => list.Items.OfType<ScalarNode>(),
            ScalarNode one => [one],
            _ => [],
        };
        var entries = main.Entries.ToList();
        _merged.Add(SourceFiles.Full(main.Span.File));
        foreach (var pattern in patterns.Where(pattern => pattern.Written.Length > 0))
        {
            foreach (var path in Expand(pattern))
            {
                Merge(entries, path, pattern);
            }
        }

        return new IncludedRoutes(reader).Append(new MapNode(main.Span, main.Label, entries), _routes);
    }

    private List<string> Expand(ScalarNode pattern)
    {
        var text = pattern.Written;
        if (text.Contains('$', StringComparison.Ordinal))
        {
            // A check without secrets would not know which names the files define.
            Refuse(pattern, "'include' takes no references; write the path itself");
            return [];
        }

        var path = Path.Combine(Path.GetDirectoryName(pattern.Span.File) ?? "", text);
        var (folder, name) = (Path.GetDirectoryName(path) ?? "/", Path.GetFileName(path));
        if (folder.AsSpan().ContainsAny('*', '?'))
        {
            Refuse(pattern, "'include' takes '*' and '?' in the name of a file, not of a folder");
            return [];
        }

        return name.AsSpan().ContainsAny('*', '?') ? List(folder, name, pattern) : [path];
    }

    private List<string> List(string folder, string name, ScalarNode pattern)
    {
        // A folder that is missing is as good as an empty one: the first team has not put its file there yet.
        var full = SourceFiles.Full(folder.Length == 0 ? "." : folder);
        if (!Folders.Contains(full))
        {
            Folders.Add(full);
        }

        try
        {
            return [.. files.List(full, name)
                .Select(found => Path.Combine(folder, Path.GetFileName(found)))
                .Where(found => !Path.GetFileName(found).StartsWith('.') && SourceFiles.Full(found) != SourceFiles.Full(pattern.Span.File))
                .Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Refuse(pattern, $"cannot list {ScalarNode.Clean(folder)}: {error.Message}");
            return [];
        }
    }

    private void Merge(List<MapEntry> entries, string path, ScalarNode pattern)
    {
        if (_merged.Count > YamlBounds.IncludedFiles)
        {
            Refuse(pattern, FormattableString.Invariant($"'include' brings in more than {YamlBounds.IncludedFiles} files"));
            return;
        }

        if (!_merged.Add(SourceFiles.Full(path)))
        {
            return;
        }

        if (files.ReadSource(path, out var fault) is not { } text)
        {
            Refuse(pattern, $"cannot read {ScalarNode.Clean(path)}: {fault}");
            return;
        }

        _characters += text.Length;
        if (_characters > YamlBounds.IncludedCharacters)
        {
            Refuse(pattern, FormattableString.Invariant($"'include' brings in more than {YamlBounds.IncludedCharacters} characters"));
            return;
        }

        var map = YamlSource.ReadFile(text, path, reader, known);
        AreWhole &= map is not null;
        foreach (var entry in map?.Entries ?? [])
        {
            if (!Allowed.Contains(entry.Key))
            {
                reader.Error(
                    entry.Place,
                    $"{ScalarNode.Quote(entry.Key)} is no key of an included file, which holds only {string.Join(", ", Allowed)}" +
                    NearestName.Suggest(entry.Key, Allowed));
            }
            else if (entry.Key == RoutesKey)
            {
                _routes.Add(entry);
            }
            else
            {
                Merge(entries, entry);
            }
        }
    }

    private void Merge(List<MapEntry> entries, MapEntry added)
    {
        var at = entries.FindIndex(entry => entry.Key == added.Key);
        if (at < 0)
        {
            entries.Add(added);
        }
        else if (added.Value is not MapNode more)
        {
            if (added.Value is not ScalarNode { IsEmpty: true })
            {
                reader.Error(added.Value.Span, $"'{added.Key}' expects a map of names, not {added.Value.Found}");
            }
        }
        else if (entries[at].Value is MapNode map)
        {
            foreach (var twice in more.Entries.Where(entry => map.Find(entry.Key) is not null))
            {
                reader.Error(twice.Place, $"{ScalarNode.Quote(twice.Key)} in {added.Key} is defined already, at {map.Find(twice.Key)!.Place}");
            }

            var both = new MapNode(map.Span, map.Label, [.. map.Entries, .. more.Entries.Where(entry => map.Find(entry.Key) is null)]);
            entries[at] = entries[at] with { Value = both };
        }
        else if (entries[at].Value is ScalarNode { IsEmpty: true })
        {
            entries[at] = added;
        }
    }

    private void Refuse(ScalarNode pattern, string message)
    {
        AreWhole = false;
        reader.Error(pattern.Span, message);
    }
}
