using System.Diagnostics;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// What a loop measures of itself. It costs an addition a turn, and a look at the clock every <see cref="TurnsPerTiming"/>
/// turns (31 ns, where it was measured): 2 ns a turn, where a turn takes microseconds.
/// </summary>
/// <remarks>Written on the loop's thread; read, and asked for the CPU time, by any.</remarks>
internal sealed unsafe class LoopMeter
{
    /// <summary>One turn in so many is timed. A turn over <see cref="LoopWatchdog.StallAfter"/> is seen by the watchdog whichever it is.</summary>
    public const int TurnsPerTiming = 16;

    private readonly TimeProvider _time;
    private long _turns;
    private long _events;
    private long _longestTurn;
    private int _clock;
    private volatile bool _hasClock;

    /// <summary>A meter that has seen nothing.</summary>
    /// <param name="time">The clock of turns.</param>
    public LoopMeter(TimeProvider time) => _time = time;

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

    /// <summary>The turn is over that began at this timestamp.</summary>
    public void TurnEnded(long began)
    {
        if (_turns % TurnsPerTiming == 0)
        {
            Note(_time.GetTimestamp() - began);
        }
    }

    /// <summary>
    /// The longest turn since the last call, of those that were timed; the watchdog's question. A turn that ends at this very
    /// moment may be lost: the next long one is not.
    /// </summary>
    public TimeSpan TakeLongestTurn() => _time.GetElapsedTime(0, Interlocked.Exchange(ref _longestTurn, 0));

    private void Note(long timestamps)
    {
        Debug.Assert(timestamps >= 0, "timestamps never fall");
        if (timestamps > Volatile.Read(ref _longestTurn))
        {
            Volatile.Write(ref _longestTurn, timestamps);
        }
    }
}
