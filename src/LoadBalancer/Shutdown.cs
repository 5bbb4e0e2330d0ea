using LoadBalancer.Daemon.Listening;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Status;
using LoadBalancer.Daemon.Systemd;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon;

/// <summary>
/// The end of the daemon in the order that loses nothing: /readyz says 503 while connections are still accepted, so that
/// whoever probes us looks elsewhere; then the listeners close; then what is open has its time to finish.
/// </summary>
internal static class Shutdown
{
    /// <summary>The service manager is told to wait this much longer than we mean to take.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <summary>Completes when no connection is open and nothing accepts any more. An order to hurry skips the waits.</summary>
    /// <param name="reloader">What runs.</param>
    /// <param name="sockets">What accepts.</param>
    /// <param name="usage">Tells other instances what was used, once more.</param>
    /// <param name="readiness">Says that no new connection is wanted; null where another process has taken over, which wants them.</param>
    /// <param name="notifier">The service manager.</param>
    /// <param name="orders">The order to hurry.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of the drain.</param>
    /// <returns>How many connections were closed at the drain's deadline.</returns>
    public static async Task<int> RunAsync(
        Reloader reloader, SocketTable sockets, SharedUsage usage, Readiness? readiness, Notifier notifier, Orders orders, TimeProvider time, LogSink log)
    {
        var shutdown = reloader.Snapshot.Options.Shutdown;
        if (readiness is not null)
        {
            readiness.Hold(Readiness.Draining);
            notifier.Stopping("draining");
            notifier.ExtendTimeout(shutdown.UnreadyFor + shutdown.Drain + Margin);

            // Timers count whole milliseconds and may be early by a part of one; the time that was promised is not.
            var began = time.GetTimestamp();
            while (shutdown.UnreadyFor - time.GetElapsedTime(began) is var left && left > TimeSpan.Zero && !orders.Hurry.IsCancellationRequested)
            {
                await Task.Delay(left < Tick ? Tick : left, time, orders.Hurry).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }

        await Task.WhenAll(sockets.Begin().Commit().Select(socket => socket.CloseAsync()));
        var listeners = reloader.Snapshot.Listeners.Values.ToList();
        log.Info("draining", ("connections", listeners.Sum(listener => listener.Connections.Count)), ("at_most", shutdown.Drain));
        var closed = await Task.WhenAll(listeners.Select(listener => Drain.RunAsync(listener.Connections, shutdown.Drain, time, orders.Hurry)));

        // Listeners that a reload removed have connections too.
        await reloader.Closing;
        foreach (var upstream in reloader.Snapshot.Upstreams.Values)
        {
            await upstream.DisposeAsync();
        }

        await usage.EndAsync();
        await (reloader.Snapshot.Store?.CloseAsync() ?? Task.CompletedTask);
        return closed.Sum();
    }
}
