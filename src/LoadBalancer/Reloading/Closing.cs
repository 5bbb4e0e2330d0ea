using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>The end of one thing that a configuration has left behind.</summary>
/// <param name="what">What it is, for the log.</param>
/// <param name="ending">Its end; where it is a drain, with how many connections or streams were ended by the deadline.</param>
internal sealed class Closing(string what, Task ending)
{
    /// <summary>Completes with it, and never faults: what went wrong is in the log, and others do not wait for it in vain.</summary>
    public async Task EndAsync(LogSink log)
    {
        try
        {
            await ending;
            if (ending is Task<int> { Result: > 0 and var ended })
            {
                log.Warn("what a reload left behind was ended at the deadline (shutdown.drain)", ("what", what), ("connections", ended));
            }
        }
        catch (Exception error)
        {
            log.Error(error, "an error of lb itself while it closed what a reload left behind", ("what", what));
        }
    }
}
