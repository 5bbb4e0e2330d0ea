using System.Diagnostics;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// What a loop measures of itself. It costs some additions a turn, and a look at the clock (30 ns, where it was measured).
/// </summary>
/// <remarks>Written on the loop's thread; read, and asked for the CPU time, by any.</remarks>
/// <param name="time">The clock of turns.</param>
/// <param name="mostEvents">The most events that one turn takes.</param>
internal sealed unsafe class LoopMeter(TimeProvider time, int mostEvents)
{
    /// <summary>To ask for what is ready takes less than this part of a second (20 µs); what took longer was waited for.</summary>
    private const int WaitsPerSecond = 50_000;

    private long _turns;
    private long _events;
    private long _longestTurn;
    private long _turnBegan;
    private long _turnEnded;
    private int _ready;
    private int _clock;
    private volatile bool _hasClock;

    /// <summary>How often the loop has turned.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <summary>Events that the kernel reported to it.</summary>
    public long Events => Volatile.Read(ref _events);

    /// <summary>
    /// The time, as <see cref="TimeProvider.GetTimestamp"/>, before which nothing of what this turn is about can have come: its beginning, where the loop
    /// had waited, and else when it last looked. What lies between this and the present may be delay of our own. Read on the loop.
    /// </summary>
    public long NewsSince { get; private set; }

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

    /// <summary>Counts a turn that begins now, with this many events.</summary>
    public void Turn(int events, long now)
    {
        Volatile.Write(ref _turns, _turns + 1);
        Volatile.Write(ref _events, _events + Math.Max(0, events)); // -1 where a signal ended the wait
        if (now - _turnEnded > time.TimestampFrequency / WaitsPerSecond)
        {
            NewsSince = now;
        }
        else if (_ready < mostEvents)
        {
            NewsSince = _turnBegan;
        }

        // Else there was more than could be taken, and what is left of it is as old as it was.
        (_turnBegan, _ready) = (now, events);
    }

    /// <summary>The turn is over.</summary>
    public void TurnEnded()
    {
        _turnEnded = time.GetTimestamp();
        var took = _turnEnded - _turnBegan;
        Debug.Assert(took >= 0, "timestamps never fall");
        if (took > Volatile.Read(ref _longestTurn))
        {
            Volatile.Write(ref _longestTurn, took);
        }
    }

    /// <summary>
    /// The longest turn since the last call; the watchdog's question. A turn that ends at this very moment may be lost: the next long one is not.
    /// </summary>
    public TimeSpan TakeLongestTurn() => time.GetElapsedTime(0, Interlocked.Exchange(ref _longestTurn, 0));
}
