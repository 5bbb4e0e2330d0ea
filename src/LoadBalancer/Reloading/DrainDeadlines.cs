using System.Collections.Immutable;
using LoadBalancer.Configuration.Values;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Endpoints;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// The deadlines that operators give their drains: what is still open to the endpoints is ended as what goes to endpoints that a reload has taken
/// away (<see cref="Drain.WithdrawAsync"/>). They are this process's, as the connections are, and outlive reloads. Thread-safe.
/// </summary>
/// <param name="present">What runs.</param>
/// <param name="engine">Has the connections that no request uses.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of what was ended at a deadline.</param>
/// <param name="hurry">Ends all patience early.</param>
internal sealed class DrainDeadlines(Func<Snapshot> present, HttpEngine engine, TimeProvider time, LogSink log, CancellationToken hurry)
{
    /// <summary>How long a deadline may be away.</summary>
    public static readonly DurationKind Durations = new("1s", "1d");

    private readonly Lock _gate = new();
    private readonly List<Task> _running = [];

    /// <summary>Gives endpoints that are drained a deadline, in place of the one that each had.</summary>
    /// <param name="upstream">The upstream's name, for the log.</param>
    /// <param name="endpoints">The endpoints; one that is enabled again is let go.</param>
    /// <param name="within">The time from now.</param>
    public void Begin(string upstream, ImmutableArray<Endpoint> endpoints, TimeSpan within)
    {
        var gone = new Withdrawal(endpoints, time.GetUtcNow() + within);
        lock (_gate)
        {
            _running.RemoveAll(static each => each.IsCompleted);
            _running.Add(RunAsync(upstream, gone, within));
        }
    }

    /// <summary>Completes with all that were begun; at the end, when no connection is open any more.</summary>
    public Task EndAsync()
    {
        lock (_gate)
        {
            return Task.WhenAll(_running);
        }
    }

    // It never faults: nobody waits for it before the end.
    private async Task RunAsync(string upstream, Withdrawal gone, TimeSpan within)
    {
        try
        {
            List<ConnectionTable> tables = [.. present().Listeners.Values.Select(listener => listener.Connections)];
            var ended = await Drain.WithdrawAsync(tables, gone, engine, within, time, hurry);
            if (ended > 0)
            {
                log.Warn("what was open to drained endpoints was ended at the deadline of their drain", ("upstream", upstream), ("connections", ended));
            }
        }
        catch (Exception error)
        {
            log.Error(error, "an error of lb itself at the deadline of a drain", ("upstream", upstream));
        }
    }
}
