using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.State;

/// <summary>
/// The configurations that were loaded, and, where there is a state folder, the text of those that took effect, so that they can be brought
/// back. A folder that cannot be written is a line in the log and no reason to refuse a configuration. Read from any thread; who adds is one at a time.
/// </summary>
internal sealed class ConfigHistory
{
    /// <summary>How many versions that took effect are kept, and how many refusals.</summary>
    public const int Most = 20;

    private const string FileName = "history.json";
    private const string VersionPrefix = "version-";
    private const int DocumentVersion = 1;

    /// <summary>Fewer letters of a version name none: they are typed by mistake.</summary>
    private const int FewestLetters = 4;

    private readonly StateFolder? _folder;
    private readonly LogSink _log;
    private ImmutableArray<HistoryEntry> _entries = [];

    /// <summary>What the folder remembers; nothing where there is none.</summary>
    /// <param name="folder">The state folder, which outlives this.</param>
    /// <param name="log">Told where the folder cannot be written.</param>
    public ConfigHistory(StateFolder? folder, LogSink log)
    {
        (_folder, _log) = (folder, log);
        if (folder?.Read(FileName, StateJson.Default.HistoryDocument, document => document.Version, DocumentVersion) is { } document)
        {
            // The reader checks what lists are, not what is in them: null may stand there.
            _entries = [.. document.Entries.Where(entry => entry is not null)];
        }
    }

    /// <summary>The latest <see cref="Most"/> that took effect and as many refusals, the oldest first.</summary>
    public IReadOnlyList<HistoryEntry> Entries => _entries;

    /// <summary>True where versions are kept.</summary>
    public bool Keeps => _folder is not null;

    /// <summary>The newest version that took effect and was not taken back; null where there is none.</summary>
    public HistoryEntry? Newest => _entries.LastOrDefault(entry => entry.Outcome == HistoryOutcome.Applied);

    /// <summary>The version before the newest one; null where there is none.</summary>
    public HistoryEntry? Before => _entries.LastOrDefault(entry => entry.Outcome == HistoryOutcome.Applied && entry.Version != Newest?.Version);

    /// <summary>The version that took effect and whose digest begins so; null where there is none, or more than one.</summary>
    public HistoryEntry? Find(string digest) => digest.Length < FewestLetters ? null
        : _entries.Where(entry => entry.Outcome != HistoryOutcome.Refused && entry.Version.StartsWith(digest, StringComparison.Ordinal))
            .GroupBy(entry => entry.Version).ToList() is [var only] ? only.Last() : null;

    /// <summary>When, by what and why a version was taken back; null where it was not, or came again since.</summary>
    public HistoryEntry? TakenBack(string version) =>
        _entries.LastOrDefault(entry => entry.Outcome != HistoryOutcome.Refused && entry.Version == version) is { Outcome: HistoryOutcome.TakenBack } entry ? entry : null;

    /// <summary>Notes a configuration that takes effect, unless it is the newest already; a return takes back everything that came after it.</summary>
    /// <param name="at">When.</param>
    /// <param name="by">By what.</param>
    /// <param name="loaded">What was loaded.</param>
    /// <param name="why">Why those after it are taken back; null for an operator's wish.</param>
    public void Applied(DateTimeOffset at, ReloadCause by, LoadResult loaded, string? why = null)
    {
        var entries = _entries;
        if (by is ReloadCause.Rollback or ReloadCause.Guard)
        {
            // Its text is kept, or was not to be had when it was loaded.
            var target = entries.LastOrDefault(entry => entry.Outcome != HistoryOutcome.Refused && entry.Version == loaded.Digest);
            var from = target is null ? 0 : entries.LastIndexOf(target) + 1;
            entries =
            [
                .. entries.Select((entry, index) => index >= from && entry.Outcome == HistoryOutcome.Applied && entry.Version != loaded.Digest
                    ? entry with { Outcome = HistoryOutcome.TakenBack, Why = why ?? $"rolled back to {loaded.Digest}" }
                    : entry),
            ];
            Write(entries.Add(new HistoryEntry(at, by, HistoryOutcome.Applied, loaded.Digest, target?.Bytes ?? SizeOf(loaded))), loaded: null);
            return;
        }

        if (Newest?.Version == loaded.Digest)
        {
            if (_folder?.Has(NameOf(loaded.Digest)) == false)
            {
                Write(entries, loaded);
            }

            return;
        }

        Write(entries.Add(new HistoryEntry(at, by, HistoryOutcome.Applied, loaded.Digest, SizeOf(loaded))), loaded);
    }

    /// <summary>Notes a configuration that was refused; one that is refused again takes its own place.</summary>
    public void Refused(DateTimeOffset at, ReloadCause by, LoadResult loaded, string why)
    {
        var entries = _entries is [.., { Outcome: HistoryOutcome.Refused } last] && last.Version == loaded.Digest ? _entries[..^1] : _entries;
        Write(entries.Add(new HistoryEntry(at, by, HistoryOutcome.Refused, loaded.Digest, SizeOf(loaded)) { Why = why }), loaded: null);
    }

    /// <summary>The text of a version; null where it is not kept.</summary>
    public ConfigSources? Read(HistoryEntry entry) =>
        _folder?.Read(NameOf(entry.Version), StateJson.Default.KeptVersion, document => document.Version, DocumentVersion) is { } kept
            ? new ConfigSources(kept.Main, kept.Files)
            : null;

    /// <summary>The newest good version of a file that loads; null where there is none.</summary>
    /// <param name="path">The main file.</param>
    /// <param name="environment">An environment variable's value, null where it is unset.</param>
    public LoadResult? LastGood(string path, Func<string, string?> environment) =>
        _entries.Where(entry => entry.Outcome == HistoryOutcome.Applied).Reverse().DistinctBy(entry => entry.Version)
            .Select(entry => Read(entry) is { } kept && kept.Main == SourceFiles.Full(path) ? Load(entry, kept, environment) : null)
            .FirstOrDefault(loaded => loaded?.Options is not null);

    /// <summary>Loads a version that is kept; what its references name is as it is now.</summary>
    /// <param name="entry">The version.</param>
    /// <param name="kept">Its texts.</param>
    /// <param name="environment">An environment variable's value, null where it is unset.</param>
    /// <param name="routes">The routes that are known; null for none.</param>
    public static LoadResult Load(HistoryEntry entry, ConfigSources kept, Func<string, string?> environment, RouteMemory? routes = null) =>
        GatewayFile.Load(kept.Main, environment, new LoadSettings { Kept = kept, Routes = routes }) with { Digest = entry.Version };

    private static string NameOf(string version) => $"{VersionPrefix}{version}.json";

    private static long SizeOf(LoadResult loaded) => loaded.Sources.Texts.Values.Sum(text => (long)Encoding.UTF8.GetByteCount(text));

    /// <param name="entries">All of them.</param>
    /// <param name="loaded">The one to keep; null for none.</param>
    private void Write(ImmutableArray<HistoryEntry> entries, LoadResult? loaded)
    {
        var refusals = entries.Count(entry => entry.Outcome == HistoryOutcome.Refused) - Most;
        var others = entries.Length - refusals - Most - Most;
        _entries = [.. entries.Where(entry => entry.Outcome == HistoryOutcome.Refused ? refusals-- <= 0 : others-- <= 0)];
        if (_folder is null)
        {
            return;
        }

        try
        {
            if (loaded is not null)
            {
                _folder.Write(
                    NameOf(loaded.Digest),
                    JsonSerializer.SerializeToUtf8Bytes(new KeptVersion(DocumentVersion, loaded.Sources.Main, loaded.Sources.Texts), StateJson.Default.KeptVersion));
            }

            _folder.Write(FileName, JsonSerializer.SerializeToUtf8Bytes(new HistoryDocument(DocumentVersion, _entries), StateJson.Default.HistoryDocument));
            _folder.Prune(VersionPrefix, _entries.Where(entry => entry.Outcome != HistoryOutcome.Refused).Select(entry => NameOf(entry.Version)).ToHashSet(StringComparer.Ordinal));
        }
        catch (IOException error)
        {
            _log.Error("the state folder cannot be written: this version of the configuration cannot be brought back later", ("error", error.Message));
        }
    }
}
