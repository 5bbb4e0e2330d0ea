namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A thread that looks at each loop ten times a second and reports one whose turn takes too long: something blocks it.
/// A thread of its own and not a timer, because timers need the thread pool, which may be what is starved.
/// </summary>
internal sealed class LoopWatchdog : IDisposable
{
    private const int LookEveryMs = 100;

    private readonly EventLoop[] _loops;
    private readonly TimeProvider _time;
    private readonly Action<EventLoop> _onStall;
    private readonly long[] _stalls;
    private readonly long[] _reportedTurn;
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
        _thread = new Thread(Run) { IsBackground = true, Name = "lb-watchdog" };
        _thread.Start();
    }

    /// <summary>A turn that is at work for longer than this is a stall.</summary>
    public static TimeSpan StallAfter { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>True where no loop was in a stall at the last look.</summary>
    public bool AllTurning => _allTurning;

    /// <summary>Stalls of the loop with this index so far.</summary>
    public long StallsOf(int index) => Volatile.Read(ref _stalls[index]);

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    /// <summary>Looks once; the thread does nothing else.</summary>
    internal void Look()
    {
        var allTurning = true;
        foreach (var loop in _loops)
        {
            var turn = loop.Turns;
            var busySince = loop.BusySince;
            if (busySince == 0 || loop.Turns != turn || _time.GetElapsedTime(busySince) <= StallAfter)
            {
                continue;
            }

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

    private void Run()
    {
        while (!_stop.Wait(LookEveryMs))
        {
            Look();
        }
    }
}
