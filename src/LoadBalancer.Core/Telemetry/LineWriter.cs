using System.Diagnostics;

namespace LoadBalancer.Telemetry;

/// <summary>
/// The one thread that carries lines from rings to an output, so that no loop ever waits for a disk, a pipe or a terminal.
/// </summary>
/// <remarks>
/// Producers call <see cref="Wake"/> after an append; the other members may be called from any thread. While the output
/// takes nothing (disk full, reader stuck) lines stay in their rings and the newest are dropped and counted there; what was
/// cut in the middle is finished when there is room again. Its waits are on the real clock: they decide how many system
/// calls are made, never what is written.
/// </remarks>
internal sealed class LineWriter : IDisposable
{
    /// <summary>Under load one write then carries all lines of 20 ms, or half a ring: a switch of threads costs as much as ten lines.</summary>
    private static readonly TimeSpan BatchPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan SlowReaderPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DropsAgainAfter = TimeSpan.FromMinutes(1);

    // What the thread waits for that a producer may bring.
    private const int Nothing = 0;
    private const int ALine = 1;
    private const int HalfARing = 2;

    private readonly LineRing[] _rings;
    private readonly LogSink? _log;
    private readonly TimeProvider _time;
    private readonly string _name;
    private readonly TimeSpan _batchPause;
    private readonly Thread _thread;
    private readonly AutoResetEvent _wake = new(false);
    private readonly ManualResetEventSlim _passed = new(false);
    private LineOutput? _output;
    private Redirection? _next;
    private int _waitsFor;
    private int _at;
    private bool _midLine;
    private bool _failing;
    private bool _dropping;
    private long _droppedBefore;
    private long _droppedReported;
    private long _dropsReported;
    private long _passes;
    private int _redirections;
    private int _redirected;
    private volatile bool _lastPassFailed;
    private volatile bool _stopping;
    private volatile bool _abandoned;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">What is written, for the thread's name and for <paramref name="log"/>: "access log".</param>
    /// <param name="rings">One per producer.</param>
    /// <param name="output">Where to; owned from now on; null leaves lines where they are.</param>
    /// <param name="log">Told when writing fails, when lines are dropped, once a minute while they are, and when that is over; null for the daemon's own log.</param>
    /// <param name="time">The clock of that minute.</param>
    /// <param name="batchPause">How long lines are collected for one write; null for <see cref="BatchPause"/>.</param>
    public LineWriter(string name, LineRing[] rings, LineOutput? output, LogSink? log, TimeProvider time, TimeSpan? batchPause = null)
    {
        _batchPause = batchPause ?? BatchPause;
        _time = time;
        _name = name;
        _rings = rings;
        _output = output;
        _log = log;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    private enum Pass
    {
        Idle,
        Progress,
        SlowReader,
        Failure,
    }

    /// <summary>Producers: says that <paramref name="ring"/> has a line. Costs a fence while the thread is awake or collects.</summary>
    public void Wake(LineRing ring)
    {
        // The append must be visible before the state is read, and Wait has the opposite order: one of the two sees the other.
        Interlocked.MemoryBarrier();
        var waitsFor = Volatile.Read(ref _waitsFor);
        if ((waitsFor == ALine || (waitsFor == HalfARing && ring.IsHalfFull)) && Interlocked.Exchange(ref _waitsFor, Nothing) != Nothing)
        {
            _wake.Set();
        }
    }

    /// <summary>Writes to <paramref name="output"/> from the next line on, and closes the one before.</summary>
    public void Redirect(LineOutput? output)
    {
        Interlocked.Exchange(ref _next, new Redirection(output))?.Output?.Dispose();
        Interlocked.Increment(ref _redirections);
        _wake.Set();
    }

    /// <summary>
    /// Waits until what was appended before this call is written and an output given before it is in use; false where the
    /// output takes nothing, or time is up.
    /// </summary>
    public bool Flush(TimeSpan patience)
    {
        var targets = _rings.Select(ring => ring.Tail).ToArray();
        var started = Stopwatch.GetTimestamp();
        var passes = Interlocked.Read(ref _passes);
        var redirections = Volatile.Read(ref _redirections);
        while (true)
        {
            _passed.Reset();
            if (Volatile.Read(ref _redirected) >= redirections
                && (Volatile.Read(ref _output) is null || !_rings.Where((ring, at) => ring.Head < targets[at]).Any()))
            {
                return true;
            }

            // The first pass seen here may have begun before this call, and with another output.
            var left = patience - Stopwatch.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || (_lastPassFailed && Interlocked.Read(ref _passes) > passes + 1))
            {
                return false;
            }

            _wake.Set();
            _passed.Wait(left);
        }
    }

    /// <summary>Writes what is left, for a second at most, and ends the thread.</summary>
    public void Dispose()
    {
        _stopping = true;
        _wake.Set();
        if (_thread.Join(FarewellPatience))
        {
            _wake.Dispose();
            _passed.Dispose();
        }
        else
        {
            // Stuck in a system call: the thread is a background one and ends with the process, or when the call returns.
            _abandoned = true;
        }
    }

    private void Run()
    {
        while (!_abandoned)
        {
            TakeRedirection();
            var pass = Drain();
            ReportDrops(pass);
            _lastPassFailed = pass == Pass.Failure;
            Interlocked.Increment(ref _passes);
            _passed.Set();
            if (_stopping && pass is Pass.Idle or Pass.Failure)
            {
                break;
            }

            switch (pass)
            {
                case Pass.Idle:
                    Wait(ALine, Timeout.InfiniteTimeSpan);
                    break;
                case Pass.Progress:
                    Wait(HalfARing, _batchPause);
                    break;
                case Pass.SlowReader:
                    _wake.WaitOne(SlowReaderPause);
                    break;
                default:
                    _wake.WaitOne(FailurePause);
                    break;
            }
        }

        _output?.Dispose();
        Interlocked.Exchange(ref _next, null)?.Output?.Dispose();
    }

    private void Wait(int what, TimeSpan most)
    {
        Volatile.Write(ref _waitsFor, what);
        Interlocked.MemoryBarrier();
        if (_output is null || !HasCome(what))
        {
            _wake.WaitOne(most);
        }

        Volatile.Write(ref _waitsFor, Nothing);
    }

    private bool HasCome(int what)
    {
        foreach (var ring in _rings)
        {
            if (what == ALine ? !ring.IsEmpty : ring.IsHalfFull)
            {
                return true;
            }
        }

        return false;
    }

    private void TakeRedirection()
    {
        var requested = Volatile.Read(ref _redirections);
        if (Interlocked.Exchange(ref _next, null) is { } next)
        {
            // What came before the call belongs to the old output, as far as that takes it.
            Drain();
            if (_midLine)
            {
                _rings[_at].CutLine();
                _midLine = false;
            }

            _output?.Dispose();
            _output = next.Output;
            _failing = false;
        }

        Volatile.Write(ref _redirected, requested);
    }

    private Pass Drain()
    {
        if (_output is null)
        {
            return Pass.Idle;
        }

        var pass = Pass.Idle;
        for (var visited = 0; visited < _rings.Length; visited++)
        {
            // Begins where the last pass stopped: that line may be half written.
            var ring = _rings[_at];
            while (ring.Peek() is { IsEmpty: false } bytes)
            {
                var written = _output.Write(bytes, out var error);
                if (written == 0)
                {
                    ReportFailure(error);
                    return error.Length == 0 ? Pass.SlowReader : Pass.Failure;
                }

                ReportRecovery();
                _midLine = bytes[written - 1] != (byte)'\n';
                ring.Advance(written);
                pass = Pass.Progress;
            }

            _at = (_at + 1) % _rings.Length;
        }

        return pass;
    }

    private void ReportFailure(string error)
    {
        if (error.Length > 0 && !_failing)
        {
            _failing = true;
            _log?.Error($"the {_name} cannot be written", ("path", _output?.Destination), ("error", error));
        }
    }

    private void ReportRecovery()
    {
        if (_failing)
        {
            _failing = false;
            _log?.Info($"the {_name} can be written again", ("path", _output?.Destination));
        }
    }

    private void ReportDrops(Pass pass)
    {
        var dropped = 0L;
        foreach (var ring in _rings)
        {
            dropped += ring.Dropped;
        }

        if (!_dropping && dropped > _droppedBefore)
        {
            _dropping = true;
            _droppedReported = dropped;
            _dropsReported = _time.GetTimestamp();
            _log?.Warn($"the {_name} is written too slowly: lines are dropped", ("path", _output?.Destination));
        }
        else if (_dropping && pass == Pass.Idle)
        {
            _log?.Info($"the {_name} has caught up", ("dropped", dropped - _droppedBefore));
            _dropping = false;
            _droppedBefore = dropped;
        }
        else if (_dropping && dropped > _droppedReported && _time.GetElapsedTime(_dropsReported) >= DropsAgainAfter)
        {
            _droppedReported = dropped;
            _dropsReported = _time.GetTimestamp();
            _log?.Warn($"the {_name} still drops lines", ("path", _output?.Destination), ("dropped", dropped - _droppedBefore));
        }
    }

    private sealed record Redirection(LineOutput? Output);
}
