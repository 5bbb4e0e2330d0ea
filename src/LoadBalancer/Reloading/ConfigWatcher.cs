using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// Notices that a file of the configuration has changed, however it was changed: written in place, replaced by a rename,
/// or by the swap of a symbolic link on the way to it (a Kubernetes ConfigMap). Thread-safe.
/// </summary>
/// <remarks>
/// It watches folders and not files, since a file that is replaced takes its watch with it; an event only says that it is
/// time to look. What counts is the content: an event that leaves it as it was is nobody's business.
/// </remarks>
internal sealed class ConfigWatcher : IDisposable
{
    /// <summary>An editor writes in several steps: quiet for this long is taken for done.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(200);

    private readonly Action _onChanged;
    private readonly LogSink _log;
    private readonly ITimer _settled;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, FileSystemWatcher> _folders = new(StringComparer.Ordinal);
    private LoadResult? _loaded;
    private string _listing = "";

    /// <summary>A watcher that watches nothing before <see cref="Watch"/>.</summary>
    /// <param name="time">The clock of the pause before it looks.</param>
    /// <param name="onChanged">Called on a pool thread when the content differs from what was loaded.</param>
    /// <param name="log">Told of a folder that cannot be watched.</param>
    public ConfigWatcher(TimeProvider time, Action onChanged, LogSink log)
    {
        _onChanged = onChanged;
        _log = log;
        _settled = time.CreateTimer(static watcher => ((ConfigWatcher)watcher!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Watches the files of <paramref name="loaded"/>, good or bad, instead of those before; null watches nothing.</summary>
    public void Watch(LoadResult? loaded)
    {
        lock (_gate)
        {
            _loaded = loaded;
            _listing = List(loaded?.Folders ?? []);
            var wanted = loaded is null
                ? []
                : loaded.Files.SelectMany(FoldersOnTheWay).Concat(loaded.Folders).Where(Directory.Exists).ToHashSet(StringComparer.Ordinal);
            foreach (var (folder, watcher) in _folders.Where(entry => !wanted.Contains(entry.Key)).ToList())
            {
                watcher.Dispose();
                _folders.Remove(folder);
            }

            foreach (var folder in wanted.Where(folder => !_folders.ContainsKey(folder)))
            {
                try
                {
                    _folders.Add(folder, NewWatcher(folder));
                }
                catch (Exception error) when (error is IOException or ArgumentException)
                {
                    // inotify has its limits, and a folder may be gone again.
                    _log.Warn("a folder of the configuration cannot be watched: reload by signal", ("folder", folder), ("error", error.Message));
                }
            }
        }

        // Something may have changed between the load and the first watch.
        Arm();
    }

    /// <summary>Stops watching.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _loaded = null;
            _settled.Dispose();
            foreach (var watcher in _folders.Values)
            {
                watcher.Dispose();
            }

            _folders.Clear();
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
            if (_loaded is not null)
            {
                _settled.Change(Settle, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Look()
    {
        LoadResult? loaded;
        string listing;
        lock (_gate)
        {
            loaded = _loaded;
            listing = _listing;
        }

        try
        {
            if (loaded is not null && (GatewayFile.DigestOf(loaded.Files) != loaded.Digest || List(loaded.Folders) != listing))
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
