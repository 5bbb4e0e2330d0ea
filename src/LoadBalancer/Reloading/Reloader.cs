using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.State;
using LoadBalancer.Telemetry;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// Loads the file, or a version that ran before, and makes it the present, or leaves everything as it is and says why. Reloads come from
/// SIGHUP, the watcher and operators, one after the other. Thread-safe.
/// </summary>
/// <remarks>
/// load ─► build beside what runs ─► bind what is new ─► publish ─► close what nobody references.
/// An error anywhere before publish discards the build: there is no half of a configuration.
/// </remarks>
internal sealed class Reloader(string path, Func<string, string?> environment, SnapshotBuilder builder, ConfigHistory history, TimeProvider time, LogSink log) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly Live<Snapshot> _snapshot = new(Snapshot.Empty);
    private readonly Live<ReloadOutcome> _outcome = new(ReloadOutcome.None);
    private Task _closing = Task.CompletedTask;
    private long _loads;
    private LoadResult? _file;
    private LoadResult? _running;
    private LoadResult? _good;

    /// <summary>Watches whether requests fare worse after a reload; its word makes a <see cref="ReloadRequest"/>.</summary>
    public ReloadGuard Guard { get; } = new(time, log);

    /// <summary>The routes that were loaded last, so that those that have not changed are not read again; those of the first load where it was given them.</summary>
    public RouteMemory Routes { get; init; } = new();

    /// <summary>How often the file was loaded.</summary>
    public long Loads => Interlocked.Read(ref _loads);

    /// <summary>What runs.</summary>
    public Snapshot Snapshot => _snapshot.Current;

    /// <summary>How reloads went.</summary>
    public ReloadOutcome Outcome => _outcome.Current;

    /// <summary>The end of everything that reloads have replaced so far: sockets closed, upstreams stopped, listeners drained.</summary>
    public Task Closing => _closing;

    /// <summary>Upstreams that reloads have removed and that somebody still uses.</summary>
    public IReadOnlyList<Upstream> Removed { get; private set; } = [];

    /// <summary>Called after each load, good or bad, with what was read of the file, be it what runs or not.</summary>
    public Action<LoadResult> OnLoaded { get; set; } = static _ => { };

    /// <summary>Called after a configuration was built and before it is published; an <see cref="IOException"/> refuses it.</summary>
    public Func<GatewayOptions, Task> PrepareAsync { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Makes the first configuration the present: the file's, or the last good one where that is no use.</summary>
    /// <param name="file">What the file holds.</param>
    /// <param name="lastGood">Loads the newest version that took effect; null where the file alone may run.</param>
    /// <exception cref="IOException">Neither is of use; nothing runs.</exception>
    public async Task StartAsync(LoadResult file, Func<LoadResult?>? lastGood = null)
    {
        var errors = file.Errors.Select(error => error.ToString()).ToList();
        if (file.Options is not null)
        {
            try
            {
                WarnOfReturn(file);
                await ApplyAsync(file, ConfigOrigin.File);
                history.Applied(time.GetUtcNow(), ReloadCause.Start, file);
                Loaded(file);
                return;
            }
            catch (IOException error) when (lastGood is not null)
            {
                errors = [error.Message];
                if (lastGood() is not { } good || good.Digest == file.Digest)
                {
                    throw;
                }
            }
        }

        var kept = lastGood?.Invoke() ?? throw new IOException("there is no configuration that could run");
        try
        {
            await ApplyAsync(kept, ConfigOrigin.LastGood);
        }
        catch (IOException)
        {
            // Whoever looks for the reason has the file at hand, and not the version before it.
            errors.ForEach(error => log.Error(error));
            log.Error("neither the file nor the last good configuration is of use", ("errors", errors.Count), ("last_good", kept.Digest));
            throw;
        }

        Refuse(file, ReloadCause.Start, errors, "the file is not what runs: it was no use at start, and the last good configuration is used instead");
        Loaded(file);
    }

    /// <summary>Loads the file again, or what else is asked for, and applies it.</summary>
    /// <returns>How it went; with errors where what ran before goes on.</returns>
    public async Task<ReloadOutcome> ReloadAsync(ReloadRequest request)
    {
        await _one.WaitAsync();
        CompilerThread.MakeLeastUrgent();
        try
        {
            return request.By switch
            {
                ReloadCause.Rollback => await RollBackAsync(request),
                ReloadCause.Guard => await TakeBackAsync(),
                ReloadCause.Watch when request.Loads != Loads => Outcome,
                _ => await ReloadFileAsync(request),
            };
        }
        catch (Exception error)
        {
            // Whatever it was, what ran before goes on; the daemon does not end because of a file.
            if (error is not IOException)
            {
                log.Error(error, "an error of lb itself while it reloaded");
            }

            return Outcome with { Errors = [error.Message] };
        }
        finally
        {
            // Another one may have been started meanwhile, and most of its work is still to come.
            CompilerThread.MakeLeastUrgent();
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Guard.Dispose();
        _one.Dispose();
    }

    private async Task<ReloadOutcome> ReloadFileAsync(ReloadRequest request)
    {
        Interlocked.Increment(ref _loads);
        var loaded = await BackgroundThread.RunAsync(() => GatewayFile.Load(path, environment, new LoadSettings { Routes = Routes }));
        try
        {
            if (loaded.Options is null)
            {
                return Refuse(loaded, request.By, [.. loaded.Errors.Select(error => error.ToString())]);
            }

            WarnOfReturn(loaded);
            var (before, ran) = (Snapshot, _running);
            IReadOnlyList<GuardedRoute> routes = loaded.Options.Reload.Guard is null ? [] : GuardedRoute.Of(before);
            await ApplyAsync(loaded, ConfigOrigin.File);
            history.Applied(time.GetUtcNow(), request.By, loaded);
            var guardEnded = Watch(before, ran, routes, request.Guarded);
            log.Info(before.Options == loaded.Options ? "reloaded; nothing has changed" : "reloaded", ("version", Snapshot.Digest));
            return Note(Outcome with { Applied = Outcome.Applied + 1, Errors = [], RefusedAt = null, Warnings = [.. loaded.Warnings.Select(warning => warning.ToString())] }) with { GuardEnded = guardEnded };
        }
        catch (Exception error)
        {
            if (error is not IOException)
            {
                log.Error(error, "an error of lb itself while it reloaded");
            }

            return Refuse(loaded, request.By, [error.Message]);
        }
        finally
        {
            Loaded(loaded);
        }
    }

    private async Task<ReloadOutcome> RollBackAsync(ReloadRequest request)
    {
        if (!history.Keeps)
        {
            throw new IOException("nothing can be brought back, because no version is kept: there is no state folder (state.dir)");
        }

        var entry = request.Version is { } version ? history.Find(version) : history.Before;
        if (entry is null || history.Read(entry) is not { } kept)
        {
            throw new IOException(request.Version is { } asked ? $"no one version that is kept begins with {asked}; lb history shows them" : "no version is kept that ran before this one");
        }

        var loaded = ConfigHistory.Load(entry, kept, environment, Routes);
        if (loaded.Options is null)
        {
            return Outcome with { Errors = [.. loaded.Errors.Select(error => error.ToString())] };
        }

        // Where it fails the watch goes on, and so does what is watched.
        var before = Snapshot;
        await ReturnAsync(loaded, ConfigOrigin.Rollback, null);
        Guard.End(takenBack: before.Options != Snapshot.Options);
        return Note(Outcome with { Rollbacks = Outcome.Rollbacks + 1 }) with { Errors = [] };
    }

    private async Task<ReloadOutcome> TakeBackAsync()
    {
        // Another reload may have come first, and is watched for itself.
        if (Guard.Finding is not { } finding || _good is not { } good)
        {
            return Outcome with { Errors = [] };
        }

        log.Error(
            "requests fare worse than before the reload: the guard takes it back",
            ("listener", finding.Listener), ("route", finding.Route), ("measure", finding.Measure), ("before", finding.Before), ("after", finding.After),
            ("requests", finding.Requests), ("version", Snapshot.Digest), ("back_to", good.Digest));
        try
        {
            await ReturnAsync(good, ConfigOrigin.Guard, finding);
        }
        catch (Exception error)
        {
            Guard.End();
            log.Error("what ran before the reload is no use any more, so the new configuration goes on", ("version", Snapshot.Digest), ("why", error.Message));
            throw;
        }

        Guard.End(takenBack: true);
        return Note(Outcome with { GuardReturns = Outcome.GuardReturns + 1 }) with { Errors = [] };
    }

    /// <summary>Makes a configuration the present that ran before.</summary>
    /// <exception cref="IOException">It is no use any more; what runs goes on.</exception>
    private async Task ReturnAsync(LoadResult loaded, ConfigOrigin origin, GuardFinding? why)
    {
        var before = Snapshot.Digest;
        await ApplyAsync(loaded, origin, why);
        history.Applied(time.GetUtcNow(), origin == ConfigOrigin.Guard ? ReloadCause.Guard : ReloadCause.Rollback, loaded, why?.ToString());
        log.Warn("the file is not what runs: an earlier version was brought back, until the file changes or is reloaded", ("version", loaded.Digest), ("instead_of", before));
        if (_file is { } file)
        {
            OnLoaded(file);
        }
    }

    /// <summary>Has the guard watch what runs since now, where somebody wants that.</summary>
    /// <param name="before">What ran before.</param>
    /// <param name="ran">What that was loaded from.</param>
    /// <param name="routes">Its routes.</param>
    /// <param name="guarded">False where no guard is wanted: not of this reload, and not of one before it either, which the watcher may have come first with.</param>
    /// <returns>True where the guard watched, and does no more.</returns>
    private bool Watch(Snapshot before, LoadResult? ran, IReadOnlyList<GuardedRoute> routes, bool guarded)
    {
        if (guarded && before.Options == Snapshot.Options)
        {
            return false;
        }

        // A second reload while the guard watches is compared with what ran before the first.
        _good = Guard.Until is null ? ran : _good;
        if (guarded && Snapshot.Options.Reload.Guard is { } options && _good?.Options != Snapshot.Options)
        {
            Guard.Begin(options, routes);
            return false;
        }

        // The file itself may bring back what ran before.
        return Guard.End(takenBack: _good?.Options == Snapshot.Options);
    }

    /// <summary>Remembers what the file held: it is watched for another content than this one, whatever runs.</summary>
    private void Loaded(LoadResult file)
    {
        _file = WithoutTexts(file) with { Options = null };
        OnLoaded(_file);
    }

    // Texts are megabytes where there are thousands of routes.
    private static LoadResult WithoutTexts(LoadResult loaded) => loaded with { Sources = new ConfigSources(loaded.Sources.Main, new Dictionary<string, string>()) };

    private void WarnOfReturn(LoadResult loaded)
    {
        if (history.TakenBack(loaded.Digest) is { } entry)
        {
            log.Warn("this version was taken back before, and is used again because the file says so", ("version", loaded.Digest), ("loaded", entry.At), ("why", entry.Why));
        }
    }

    private async Task ApplyAsync(LoadResult loaded, ConfigOrigin origin, GuardFinding? because = null)
    {
        foreach (var warning in loaded.Warnings)
        {
            log.Warn(warning.ToString());
        }

        var build = await await BackgroundThread.RunAsync(() => builder.BuildAsync(loaded.Options!, Snapshot));
        try
        {
            await PrepareAsync(build.Options);
        }
        catch
        {
            await build.DiscardAsync();
            throw;
        }

        var before = Snapshot.Upstreams;
        _snapshot.Swap(build.Publish(loaded.Files, loaded.Digest, out var closing) with { Origin = origin, Because = because });
        Removed = [.. Removed.Concat(before.Where(entry => !Snapshot.Upstreams.ContainsKey(entry.Key)).Select(entry => entry.Value)).Where(upstream => upstream.OpenLeases > 0)];
        _running = WithoutTexts(loaded);
        Guard.Follow(() => GuardedRoute.Of(Snapshot), Snapshot.Options.Reload.Guard is not null);

        // What is over is not kept: a chain of it would hold every configuration there ever was.
        _closing = _closing.IsCompletedSuccessfully ? closing : Task.WhenAll(_closing, closing);
    }

    private ReloadOutcome Refuse(LoadResult loaded, ReloadCause by, List<string> errors, string then = "the configuration was refused; what ran before goes on")
    {
        foreach (var error in errors)
        {
            log.Error(error);
        }

        var now = time.GetUtcNow();
        log.Error(then, ("errors", errors.Count), ("version", Snapshot.Digest));
        history.Refused(now, by, loaded, errors.Count > 1 ? $"{errors[0]} (and {errors.Count - 1} more)" : errors[0]);
        return Note(Outcome with { Refused = Outcome.Refused + 1, Errors = errors, Warnings = [], RefusedAt = now });
    }

    private ReloadOutcome Note(ReloadOutcome outcome)
    {
        _outcome.Swap(outcome);
        return outcome;
    }
}
