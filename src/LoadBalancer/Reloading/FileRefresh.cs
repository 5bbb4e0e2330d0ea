using LoadBalancer.Http.Authentication;
using LoadBalancer.Telemetry;
using LoadBalancer.Tls;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// Puts changed files of TLS, of keys and of passwords to use, whatever lb.yaml holds meanwhile: they are changed by programs that know nothing of it. What is no
/// use changes nothing, is logged once, and is looked at again with the next change: a certificate and its key are two files, which are
/// replaced one after the other. Thread-safe.
/// </summary>
internal sealed class FileRefresh : IDisposable
{
    /// <summary>A pair of files is written within this as a rule; what is read in the middle of it does no harm.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(25);

    private readonly Func<Snapshot> _snapshot;
    private readonly LogSink _log;
    private readonly ConfigWatcher _watcher;
    private readonly Lock _one = new();

    /// <summary>One that watches nothing before <see cref="OnLoaded"/>.</summary>
    /// <param name="snapshot">What runs.</param>
    /// <param name="time">The clock of the watch.</param>
    /// <param name="log">Told of what changes.</param>
    public FileRefresh(Func<Snapshot> snapshot, TimeProvider time, LogSink log)
    {
        (_snapshot, _log) = (snapshot, log);
        _watcher = new ConfigWatcher(time, Refresh, log, Settle);
    }

    /// <summary>A configuration was loaded: its files are read now, and watched from here on where the file says so.</summary>
    public void OnLoaded()
    {
        Read();
        Watch();
    }

    /// <inheritdoc/>
    public void Dispose() => _watcher.Dispose();

    private void Refresh()
    {
        // A link on the way to a file may lead elsewhere now.
        if (Read())
        {
            Watch();
        }
    }

    /// <summary>Reads the files of every listener, upstream and provider that runs; true where something has changed, for better or worse.</summary>
    private bool Read()
    {
        lock (_one)
        {
            var changed = false;
            foreach (var tls in _snapshot().Listeners.Values.Select(listener => listener.Handler?.Tls).OfType<TlsTermination>())
            {
                changed |= Refresh("listener", tls.Listener, () =>
                {
                    if (tls.Refresh() is not { } refresh)
                    {
                        return false;
                    }

                    Log(tls, refresh);
                    return true;
                });
            }

            foreach (var upstream in _snapshot().Upstreams.Values)
            {
                // It tells of itself.
                changed |= upstream.Tls is { } tls && Refresh("upstream", upstream.Name, tls.Refresh);
            }

            foreach (var node in _snapshot().Store?.Client.Nodes ?? [])
            {
                // What is no use is told of with the next connection.
                changed |= Refresh("redis", node.Name, node.RefreshTls);
            }

            foreach (var provider in _snapshot().Providers.Providers)
            {
                changed |= provider.File is { } file && Refresh("auth", provider.Name, () =>
                {
                    if (!file.Refresh())
                    {
                        return false;
                    }

                    Log(provider.Name, file);
                    return true;
                });
            }

            return changed;
        }
    }

    // On a timer, where what nobody catches ends the process: a file that brings its parser down leaves the others their turn.
    private bool Refresh(string kind, string name, Func<bool> refresh)
    {
        try
        {
            return refresh();
        }
        catch (Exception error)
        {
            _log.Error("a changed file cannot be read; what was in use before stays", (kind, name), ("error", error.ToString()));
            return false;
        }
    }

    private void Watch()
    {
        var snapshot = _snapshot();
        var options = snapshot.Options;
        var files = options.Listeners.Values.SelectMany(listener => listener.Tls is { } tls ? TlsFiles.Of(tls) : [])
            .Concat(options.Upstreams.Values.SelectMany(upstream => upstream.Tls is { } tls ? UpstreamTlsFiles.Of(tls) : []))
            .Concat(options.State.Redis?.Tls is { } redis ? UpstreamTlsFiles.Of(redis) : [])
            .Concat(snapshot.Providers.Providers.Select(provider => provider.File?.Path).OfType<string>())
            .Distinct(StringComparer.Ordinal).ToList();
        _watcher.Watch(options.Reload.Watch && files.Count > 0 ? new WatchedFiles(files, [], static () => true) : null);
    }

    private void Log(string provider, CredentialFile file)
    {
        if (file.Refusal is { } why)
        {
            _log.Error("a changed file of an entry of auth is no use; what was in use before stays", ("auth", provider), ("file", file.Path), ("why", why));
        }
        else
        {
            _log.Info("a changed file of an entry of auth is in use", ("auth", provider), ("file", file.Path), ("entries", file.Entries));
        }
    }

    private void Log(TlsTermination tls, TlsRefresh refresh)
    {
        if (refresh.Refusal is { } why)
        {
            _log.Error("a changed file of TLS is no use; what was in use before stays", ("listener", tls.Listener), ("why", why));
        }

        foreach (var warning in refresh.Warnings)
        {
            _log.Warn(warning, ("listener", tls.Listener));
        }

        if (refresh.TookEffect)
        {
            _log.Info("changed files of TLS are in use", ("listener", tls.Listener), ("certificates", tls.Context.Certificates.Count));
        }
    }
}
