using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// Loads the file and makes it the present, or leaves everything as it is and says why. Reloads come from SIGHUP and from
/// the watcher, one after the other. Thread-safe.
/// </summary>
/// <remarks>
/// load ─► build beside what runs ─► bind what is new ─► publish ─► close what nobody references.
/// An error anywhere before publish discards the build: there is no half of a configuration.
/// </remarks>
internal sealed class Reloader(string path, Func<string, string?> environment, SnapshotBuilder builder, TimeProvider time, LogSink log) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly Live<Snapshot> _snapshot = new(Snapshot.Empty);
    private readonly Live<ReloadOutcome> _outcome = new(ReloadOutcome.None);
    private Task _closing = Task.CompletedTask;

    /// <summary>What runs.</summary>
    public Snapshot Snapshot => _snapshot.Current;

    /// <summary>How reloads went.</summary>
    public ReloadOutcome Outcome => _outcome.Current;

    /// <summary>The end of everything that reloads have replaced so far: sockets closed, upstreams stopped, listeners drained.</summary>
    public Task Closing => _closing;

    /// <summary>Called after each load, good or bad, with what was read.</summary>
    public Action<LoadResult> OnLoaded { get; set; } = static _ => { };

    /// <summary>Called after a configuration was built and before it is published; an <see cref="IOException"/> refuses it.</summary>
    public Func<GatewayOptions, Task> PrepareAsync { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Makes the first configuration the present.</summary>
    /// <param name="loaded">A load without errors.</param>
    /// <exception cref="IOException">An address cannot be bound; nothing runs.</exception>
    public Task StartAsync(LoadResult loaded) => ApplyAsync(loaded);

    /// <summary>Loads the file again and applies it.</summary>
    /// <returns>True where the configuration in the file runs now.</returns>
    public async Task<bool> ReloadAsync()
    {
        await _one.WaitAsync();
        try
        {
            return await ReloadOnceAsync();
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task<bool> ReloadOnceAsync()
    {
        var loaded = GatewayFile.Load(path, environment);
        try
        {
            if (loaded.Options is null)
            {
                Refuse(loaded.Errors.Select(error => error.ToString()));
                return false;
            }

            var before = Snapshot;
            await ApplyAsync(loaded);
            _outcome.Swap(new ReloadOutcome(Outcome.Applied + 1, Outcome.Refused, [], null) { Warnings = [.. loaded.Warnings.Select(warning => warning.ToString())] });
            log.Info(before.Options == loaded.Options ? "reloaded; nothing has changed" : "reloaded", ("version", Snapshot.Digest));
            return true;
        }
        catch (Exception error)
        {
            // Whatever it was, what ran before goes on; the daemon does not end because of a file.
            if (error is not IOException)
            {
                log.Error(error, "an error of lb itself while it reloaded");
            }

            Refuse([error.Message]);
            return false;
        }
        finally
        {
            OnLoaded(loaded);
        }
    }

    private async Task ApplyAsync(LoadResult loaded)
    {
        foreach (var warning in loaded.Warnings)
        {
            log.Warn(warning.ToString());
        }

        var build = await builder.BuildAsync(loaded.Options!, Snapshot);
        try
        {
            await PrepareAsync(build.Options);
        }
        catch
        {
            await build.DiscardAsync();
            throw;
        }

        _snapshot.Swap(build.Publish(loaded.Files, loaded.Digest, out var closing));

        // What is over is not kept: a chain of it would hold every configuration there ever was.
        _closing = _closing.IsCompletedSuccessfully ? closing : Task.WhenAll(_closing, closing);
    }

    private void Refuse(IEnumerable<string> errors)
    {
        var all = errors.ToList();
        foreach (var error in all)
        {
            log.Error(error);
        }

        log.Error("the configuration was refused; what ran before goes on", ("errors", all.Count));
        _outcome.Swap(new ReloadOutcome(Outcome.Applied, Outcome.Refused + 1, all, time.GetUtcNow()));
    }
}
