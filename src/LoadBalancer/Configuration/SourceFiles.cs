using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>The files of one load: reads each once, with a bound, and remembers which they were. Not thread-safe.</summary>
/// <param name="kept">Stands in for the configuration's own files on the disk; null for the disk.</param>
internal sealed class SourceFiles(ConfigSources? kept = null)
{
    private const int DigestBytes = 8;

    private readonly Dictionary<string, (string? Text, string? Fault)> _read = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    /// <summary>Every file that was asked for, readable or not, in order. Full paths.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>The texts of the configuration's own files, by full path.</summary>
    public IReadOnlyDictionary<string, string> Texts => _texts;

    /// <summary>A digest of what was read: names of files and their text, in the order in which they were asked for. Equal on every machine.</summary>
    public string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (path, (text, _)) in _read)
        {
            Append(Path.GetFileName(path));
            Append("\0");
            Append(text ?? "\0");
            Append("\0");
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash().AsSpan(0, DigestBytes));

        // A part at a time: a text may be megabytes long.
        void Append(ReadOnlySpan<char> text)
        {
            Span<byte> bytes = stackalloc byte[1024];
            var encoder = Encoding.UTF8.GetEncoder();
            for (var isWhole = false; !isWhole;)
            {
                encoder.Convert(text, bytes, flush: true, out var read, out var written, out isWhole);
                hash.AppendData(bytes[..written]);
                text = text[read..];
            }
        }
    }

    /// <summary>The full path of <paramref name="path"/>, or the path itself where it can be none: empty, or with a NUL in it.</summary>
    public static string Full(string path) => path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) ? path : Path.GetFullPath(path);

    /// <summary>The text of a file of the configuration itself, or null and why not.</summary>
    public string? ReadSource(string path, out string? fault)
    {
        if (kept is not null && !_read.ContainsKey(path))
        {
            var known = kept.Texts.GetValueOrDefault(Full(path));
            _read[path] = (known, known is null ? "it is not among the files that were kept" : null);
            Asked.Add(Full(path));
        }

        var text = Read(path, YamlBounds.FileBytes, out fault);
        if (text is not null)
        {
            _texts[Full(path)] = text;
        }

        return text;
    }

    /// <summary>The files of a folder whose name fits a pattern of <c>*</c> and <c>?</c>, those that are hidden too.</summary>
    /// <param name="folder">The folder; a full path.</param>
    /// <param name="pattern">The pattern.</param>
    public IEnumerable<string> List(string folder, string pattern) => kept is null
        ? Directory.Exists(folder) ? Directory.EnumerateFiles(folder, pattern) : []
        : kept.Texts.Keys.Where(path => Path.GetDirectoryName(path) == folder && FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(path), ignoreCase: false));

    /// <summary>The text of <paramref name="path"/>, or null and why not.</summary>
    /// <param name="path">The file's path.</param>
    /// <param name="atMost">Its greatest length in bytes.</param>
    /// <param name="fault">Why there is no text, in a few words; null where there is.</param>
    public string? Read(string path, int atMost, out string? fault)
    {
        if (!_read.TryGetValue(path, out var known))
        {
            var text = TextFile.Read(path, atMost, out var why);
            known = (text, why);
            _read[path] = known;
            Asked.Add(Full(path));
        }

        fault = known.Fault;
        return known.Text;
    }
}
