using System.Diagnostics;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// What a loop measures of itself: it costs some additions a turn.
/// </summary>
/// <remarks>Written on the loop's thread; read, and asked for the CPU time, by any.</remarks>
internal sealed unsafe class LoopMeter
{
    private long _turns;
    private long _events;
    private long _longestTurn;
    private int _clock;
    private volatile bool _hasClock;

    /// <summary>How often the loop has turned.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <summary>Events that the kernel reported to it.</summary>
    public long Events => Volatile.Read(ref _events);

    /// <summary>
    /// The CPU time that the loop's thread has used, from the kernel's own account: exact, and free for the loop. Zero where the
    /// thread does not run (yet, or any more).
    /// </summary>
    public TimeSpan CpuTime
    {
        get
        {
            var time = stackalloc nint[2];
            return _hasClock && Libc.GetClock(_clock, time) == 0
                ? TimeSpan.FromTicks((time[0] * TimeSpan.TicksPerSecond) + (time[1] / TimeSpan.NanosecondsPerTick))
                : TimeSpan.Zero;
        }
    }

    /// <summary>Begins to measure the calling thread.</summary>
    public void Begin()
    {
        int clock;
        if (Libc.GetThreadClock(Libc.ThreadOfCaller(), &clock) == 0)
        {
            _clock = clock;
            _hasClock = true;
        }
    }

    /// <summary>The thread is about to end; its clock would be somebody else's.</summary>
    public void End() => _hasClock = false;

    /// <summary>Counts a turn that begins with this many events.</summary>
    public void Turn(int events)
    {
        Volatile.Write(ref _turns, _turns + 1);
        Volatile.Write(ref _events, _events + Math.Max(0, events)); // -1 where a signal ended the wait
    }

    /// <summary>The turn is over, after this time.</summary>
    public void TurnEnded(TimeSpan took)
    {
        Debug.Assert(took >= TimeSpan.Zero, "timestamps never fall");
        if (took.Ticks > Volatile.Read(ref _longestTurn))
        {
            Volatile.Write(ref _longestTurn, took.Ticks);
        }
    }

    /// <summary>
    /// The longest turn since the last call; the watchdog's question. A turn that ends at this very moment may be lost: the next long one is not.
    /// </summary>
    public TimeSpan TakeLongestTurn() => TimeSpan.FromTicks(Interlocked.Exchange(ref _longestTurn, 0));
}
