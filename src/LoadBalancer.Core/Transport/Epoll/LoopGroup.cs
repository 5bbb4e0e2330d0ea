namespace LoadBalancer.Transport.Epoll;

/// <summary>The process's event loops, started together, and the watchdog that looks after them. Thread-safe.</summary>
internal sealed class LoopGroup : IDisposable
{
    private readonly EventLoop[] _loops;
    private readonly LoopWatchdog _watchdog;
    private uint _next;

    /// <summary>Starts <paramref name="count"/> loops.</summary>
    /// <param name="count">1 or more; one for each core that the process may use is right.</param>
    /// <param name="time">The clock of their timers.</param>
    /// <param name="onUnhandledError">Takes an exception that escaped from a callback on a loop.</param>
    /// <param name="onStall">Takes a loop that has not turned for <see cref="LoopWatchdog.StallAfter"/>, once a stall; on the watchdog's thread.</param>
    public LoopGroup(int count, TimeProvider time, Action<EventLoop, Exception> onUnhandledError, Action<EventLoop> onStall)
    {
        _loops = new EventLoop[count];
        for (var index = 0; index < count; index++)
        {
            _loops[index] = new EventLoop(index, time, onUnhandledError);
        }

        _watchdog = new LoopWatchdog(_loops, time, onStall);
        foreach (var loop in _loops)
        {
            loop.Start();
        }
    }

    /// <summary>The loops, by index.</summary>
    public ReadOnlySpan<EventLoop> Loops => _loops;

    /// <summary>The loop of the calling thread if it is one of these, else each in turn.</summary>
    public EventLoop Next() =>
        EventLoop.Current is { } current && _loops.AsSpan().Contains(current)
            ? current
            : _loops[Interlocked.Increment(ref _next) % (uint)_loops.Length];

    /// <summary>Stalls of the loop with this index so far.</summary>
    public long StallsOf(int index) => _watchdog.StallsOf(index);

    /// <summary>The longest turn that was seen of the loop with this index in the last one to two minutes, see <see cref="LoopWatchdog.LongestTurnOf"/>.</summary>
    public TimeSpan LongestTurnOf(int index) => _watchdog.LongestTurnOf(index);

    /// <summary>True while no loop is in a stall.</summary>
    public bool AllTurning => _watchdog.AllTurning;

    /// <summary>Ends the loops and waits for their threads. Connections must be closed before; not to be called on a loop.</summary>
    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop.Stop();
        }

        foreach (var loop in _loops)
        {
            loop.Join();
        }

        _watchdog.Dispose();
    }
}
