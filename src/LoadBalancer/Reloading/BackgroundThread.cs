using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>Work of a second or so that nobody waits for, such as a file of 10,000 routes: on a thread of its own that the kernel puts behind all others of its core, the loops among them.</summary>
/// <remarks>
/// A thread for each, since one that has made itself less urgent may not take that back (setpriority(2)). What a thread starts is as urgent as it is itself, and
/// whoever completes a task may have to start a thread of the pool: so another one waits for it, and completes the task. What it does start is the collector's
/// thread (.NET BGC), where the oldest generation is due meanwhile: that one ends when it had nothing to do for 20 s. Doing without that generation meanwhile
/// (<c>GCLatencyMode.LowLatency</c>) was measured: seven times as many collections of the youngest, and twice the stops.
/// </remarks>
internal static class BackgroundThread
{
    /// <summary>Linux' niceness, which is 0 for all others: about a tenth of their share where a core has too much to do.</summary>
    public const int Niceness = 10;

    /// <summary>Does <paramref name="work"/> on such a thread.</summary>
    /// <returns>What it gives, or throws.</returns>
    public static Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Start("lb-reload", () =>
        {
            var outcome = default(T)!;
            Exception? failure = null;
            var thread = Start("lb-background", () =>
            {
                // Where it is not allowed, the work is done all the same.
                _ = Libc.SetNiceness(0, Niceness);
                try
                {
                    outcome = work();
                }
                catch (Exception error)
                {
                    failure = error;
                }
            });
            thread.Join();
            if (failure is null)
            {
                done.SetResult(outcome);
            }
            else
            {
                done.SetException(failure);
            }
        });
        return done.Task;
    }

    private static Thread Start(string name, ThreadStart run)
    {
        var thread = new Thread(run) { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }
}
