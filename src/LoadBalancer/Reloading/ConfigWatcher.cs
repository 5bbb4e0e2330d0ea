using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// Notices that a file of the configuration, or one that it names, has changed, however it was changed: written in place, replaced by a rename,
/// or by the swap of a symbolic link on the way to it (a Kubernetes ConfigMap). Thread-safe.
/// </summary>
/// <remarks>
/// It watches folders and not files, since a file that is replaced takes its watch with it; an event only says that it is
/// time to look. What counts is the content: an event that leaves it as it was is nobody's business. A folder takes its
/// watch with it too, so the folder above, or the nearest one that exists, is watched for its name.
/// </remarks>
internal sealed class ConfigWatcher : IDisposable
{
    /// <summary>An editor writes in several steps: quiet for this long is taken for done.</summary>
    public static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(200);

    /// <summary>A folder in which something writes all the time is looked at this long after its first event, quiet or not.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly Action _onChanged;
    private readonly LogSink _log;
    private readonly ITimer _settled;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, FileSystemWatcher> _folders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileSystemWatcher> _names = new(StringComparer.Ordinal);
    private readonly TimeSpan _settle;
    private WatchedFiles? _watched;
    private long? _firstEvent;

    /// <summary>A watcher that watches nothing before <see cref="Watch(WatchedFiles?)"/>.</summary>
    /// <param name="time">The clock of the pause before it looks.</param>
    /// <param name="onChanged">Called on a pool thread when the content differs from what was loaded.</param>
    /// <param name="log">Told of a folder that cannot be watched.</param>
    public ConfigWatcher(TimeProvider time, Action onChanged, LogSink log)
        : this(time, onChanged, log, Settle)
    {
    }

    /// <summary>As above, with another pause before it looks.</summary>
    public ConfigWatcher(TimeProvider time, Action onChanged, LogSink log, TimeSpan settle)
    {
        (_time, _settle) = (time, settle);
        _onChanged = onChanged;
        _log = log;
        _settled = time.CreateTimer(static watcher => ((ConfigWatcher)watcher!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Watches the files of <paramref name="loaded"/>, good or bad, instead of those before; null watches nothing.</summary>
    public void Watch(LoadResult? loaded)
    {
        var listing = List(loaded?.Folders ?? []);
        Watch(loaded is null ? null : new WatchedFiles(loaded.Files, loaded.Folders, () => GatewayFile.DigestOf(loaded.Files) != loaded.Digest || List(loaded.Folders) != listing));
    }

    /// <summary>Watches <paramref name="watched"/> instead of what was watched before; null watches nothing.</summary>
    public void Watch(WatchedFiles? watched)
    {
        lock (_gate)
        {
            _watched = watched;
            var wanted = watched is null
                ? []
                : watched.Files.SelectMany(FoldersOnTheWay).Concat(watched.Folders).ToHashSet(StringComparer.Ordinal);
            Keep(_folders, wanted.Where(Directory.Exists).ToHashSet(StringComparer.Ordinal), NewWatcher);
            Keep(_names, wanted.Select(NameToWatch).OfType<string>().ToHashSet(StringComparer.Ordinal), NewNameWatcher);
        }

        // Something may have changed between the load and the first watch.
        Arm();
    }

    /// <summary>Stops watching.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _watched = null;
            _settled.Dispose();
            Keep(_folders, [], NewWatcher);
            Keep(_names, [], NewNameWatcher);
        }
    }

    /// <summary>The folders of a file and of every link that leads to it.</summary>
    private static IEnumerable<string> FoldersOnTheWay(string file)
    {
        for (var (path, hops) = (file, 0); path is not null && hops < 40; hops++)
        {
            var folder = Path.GetDirectoryName(path);
            if (folder is null)
            {
                yield break;
            }

            yield return folder;
            var through = new DirectoryInfo(folder) is { Exists: true } directory ? directory.ResolveLinkTarget(returnFinalTarget: true)?.FullName : null;
            if (through is not null)
            {
                yield return Path.GetDirectoryName(folder) ?? folder;
                yield return through;
            }

            var target = File.Exists(path) ? new FileInfo(path).LinkTarget : null;
            path = target is null ? null : Path.GetFullPath(Path.Combine(folder, target));
        }
    }

    private static string List(IEnumerable<string> folders) =>
        string.Join('\n', folders.Where(Directory.Exists).SelectMany(Directory.EnumerateFiles).Order(StringComparer.Ordinal));

    /// <summary>The folder itself where the one above it exists, or else the highest folder on the way to it that is missing; null for the root.</summary>
    private static string? NameToWatch(string folder)
    {
        var name = folder;
        while (Path.GetDirectoryName(name) is { } above)
        {
            if (Directory.Exists(above))
            {
                return name;
            }

            name = above;
        }

        return null;
    }

    /// <summary>Makes <paramref name="watchers"/> those of <paramref name="wanted"/>; the ones that are there already stay.</summary>
    private void Keep(Dictionary<string, FileSystemWatcher> watchers, HashSet<string> wanted, Func<string, FileSystemWatcher> start)
    {
        foreach (var (folder, watcher) in watchers.Where(entry => !wanted.Contains(entry.Key)).ToList())
        {
            watcher.Dispose();
            watchers.Remove(folder);
        }

        foreach (var folder in wanted.Where(folder => !watchers.ContainsKey(folder)))
        {
            try
            {
                watchers.Add(folder, start(folder));
            }
            catch (Exception error) when (error is IOException or ArgumentException)
            {
                // inotify has its limits, and a folder may be gone again.
                _log.Warn("a folder of the configuration cannot be watched: reload by signal", ("folder", folder), ("error", error.Message));
            }
        }
    }

    private FileSystemWatcher NewNameWatcher(string folder)
    {
        var watcher = new FileSystemWatcher(Path.GetDirectoryName(folder)!, Path.GetFileName(folder)) { NotifyFilter = NotifyFilters.DirectoryName };
        watcher.Created += (_, _) => WatchAnew(folder);
        watcher.Renamed += (_, _) => WatchAnew(folder);
        watcher.Deleted += (_, _) => Arm();
        watcher.Error += (_, _) => WatchAnew(folder);
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    /// <summary>A folder was made under a name that matters: whatever was watched there before is another one.</summary>
    private void WatchAnew(string folder)
    {
        lock (_gate)
        {
            if (_watched is null)
            {
                return;
            }

            var wanted = _folders.Keys.Append(folder).Where(Directory.Exists).ToHashSet(StringComparer.Ordinal);
            Keep(_folders, [.. wanted.Where(name => name != folder)], NewWatcher);
            Keep(_folders, wanted, NewWatcher);
        }

        Arm();
    }

    private FileSystemWatcher NewWatcher(string folder)
    {
        var watcher = new FileSystemWatcher(folder)
        {
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.Attributes,
        };
        watcher.Changed += (_, _) => Arm();
        watcher.Created += (_, _) => Arm();
        watcher.Deleted += (_, _) => Arm();
        watcher.Renamed += (_, _) => Arm();

        // Events were lost: looking costs little.
        watcher.Error += (_, _) => Arm();
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    private void Arm()
    {
        lock (_gate)
        {
            if (_watched is not null)
            {
                var left = Longest - _time.GetElapsedTime(_firstEvent ??= _time.GetTimestamp());
                _settled.Change(left >= _settle ? _settle : left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Look()
    {
        WatchedFiles? watched;
        lock (_gate)
        {
            watched = _watched;
            _firstEvent = null;
        }

        try
        {
            if (watched?.HaveChanged() == true)
            {
                _onChanged();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that went away while it was listed has changed.
            _onChanged();
        }
    }
}
