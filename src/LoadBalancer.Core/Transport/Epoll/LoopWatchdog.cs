namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A thread that looks at each loop ten times a second and reports one whose turn takes too long: something blocks it.
/// A thread of its own and not a timer, because timers need the thread pool, which may be what is starved. As often it looks
/// at the limit of descriptors (<see cref="DescriptorLimit"/>).
/// </summary>
internal sealed class LoopWatchdog : IDisposable
{
    private const int LookEveryMs = 100;
    private const int LooksPerMinute = 60_000 / LookEveryMs;

    private readonly EventLoop[] _loops;
    private readonly TimeProvider _time;
    private readonly Action<EventLoop> _onStall;
    private readonly long[] _stalls;
    private readonly long[] _reportedTurn;
    private readonly long[] _longestThisMinute;
    private readonly long[] _longestLastMinute;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private volatile bool _allTurning = true;

    public LoopWatchdog(EventLoop[] loops, TimeProvider time, Action<EventLoop> onStall)
    {
        _loops = loops;
        _time = time;
        _onStall = onStall;
        _stalls = new long[loops.Length];
        _reportedTurn = new long[loops.Length];
        _longestThisMinute = new long[loops.Length];
        _longestLastMinute = new long[loops.Length];
        _thread = new Thread(Run) { IsBackground = true, Name = "lb-watchdog" };
        _thread.Start();
    }

    /// <summary>A turn that is at work for longer than this is a stall.</summary>
    public static TimeSpan StallAfter { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>True where no loop was in a stall at the last look.</summary>
    public bool AllTurning => _allTurning;

    /// <summary>Stalls of the loop with this index so far.</summary>
    public long StallsOf(int index) => Volatile.Read(ref _stalls[index]);

    /// <summary>
    /// The longest turn of the loop with this index in this minute and the one before; of one that still lasts, what it has lasted at the last look.
    /// </summary>
    public TimeSpan LongestTurnOf(int index) =>
        TimeSpan.FromTicks(Math.Max(Volatile.Read(ref _longestThisMinute[index]), Volatile.Read(ref _longestLastMinute[index])));

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    /// <summary>Lookups once; the thread does nothing else.</summary>
    internal void Look()
    {
        var allTurning = true;
        foreach (var loop in _loops)
        {
            NoteTurn(loop, loop.Meter.TakeLongestTurn());
            var turn = loop.Turns;
            var busySince = loop.BusySince;
            var busyFor = busySince == 0 || loop.Turns != turn ? TimeSpan.Zero : _time.GetElapsedTime(busySince);
            if (busyFor <= StallAfter)
            {
                continue;
            }

            NoteTurn(loop, busyFor);

            allTurning = false;
            if (_reportedTurn[loop.Index] != turn)
            {
                _reportedTurn[loop.Index] = turn;
                Volatile.Write(ref _stalls[loop.Index], _stalls[loop.Index] + 1);
                _onStall(loop);
            }
        }

        _allTurning = allTurning;
    }

    /// <summary>Begins another minute for <see cref="LongestTurnOf"/>.</summary>
    internal void BeginMinute()
    {
        for (var loop = 0; loop < _loops.Length; loop++)
        {
            Volatile.Write(ref _longestLastMinute[loop], _longestThisMinute[loop]);
            Volatile.Write(ref _longestThisMinute[loop], 0);
        }
    }

    private void NoteTurn(EventLoop loop, TimeSpan length)
    {
        ref var longest = ref _longestThisMinute[loop.Index];
        Volatile.Write(ref longest, Math.Max(longest, length.Ticks));
    }

    private void Run()
    {
        for (var looks = 1; !_stop.Wait(LookEveryMs); looks++)
        {
            Look();
            DescriptorLimit.Refresh();
            if (looks % LooksPerMinute == 0)
            {
                BeginMinute();
            }
        }
    }
}
