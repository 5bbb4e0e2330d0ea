namespace LoadBalancer.Telemetry;

/// <summary>
/// Lines that event loops write to one destination: a loop formats a line into its own ring and goes on, and one thread carries the
/// rings to the file. The access log of the file, which the <see cref="ConnectionLog"/> and the log of requests share.
/// </summary>
/// <remarks>
/// What names a loop is called on the thread of that loop; it takes no lock, allocates nothing and never waits. When the disk is full
/// or the reader slow, a ring fills and further lines are dropped and counted. All else is thread-safe. The lines of one loop keep
/// their order; those of different loops may be some milliseconds out of it.
/// </remarks>
public sealed class LoopLog : IDisposable
{
    /// <summary>The longest line. Whoever writes one bounds what others may choose in it, so that it fits.</summary>
    internal const int LongestLine = 16 * 1024;

    private readonly LineRing[] _rings;
    private readonly byte[][] _scratch;
    private readonly LineWriter _writer;
    private LogDestination _destination;
    private volatile bool _enabled;

    /// <summary>Opens the destination and starts the thread.</summary>
    /// <param name="loops">How many loops write.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="time">The clock of what is told to <paramref name="log"/>.</param>
    /// <param name="log">Told when lines cannot be written.</param>
    /// <param name="ringBytes">What each loop may have waiting, a power of two; default 1 MiB, about 2000 lines: 20 ms of 100,000 requests a second.</param>
    /// <param name="batchPause">How long lines are collected for one write, unless half a ring waits; null for 20 ms.</param>
    /// <exception cref="IOException">The file cannot be opened; the message says why.</exception>
    public LoopLog(int loops, LogDestination destination, TimeProvider time, LogSink log, int ringBytes = 1024 * 1024, TimeSpan? batchPause = null)
    {
        Loops = loops;
        _rings = [.. Enumerable.Range(0, loops).Select(_ => new LineRing(ringBytes))];
        _scratch = [.. Enumerable.Range(0, loops).Select(_ => new byte[LongestLine])];
        _destination = destination;
        _enabled = !destination.IsOff;
        _writer = new LineWriter("access log", _rings, LineOutput.Open(destination), log, time, batchPause);
    }

    /// <summary>How many loops write.</summary>
    public int Loops { get; }

    /// <summary>False where the destination is <c>off</c>: then a line need not be made.</summary>
    public bool Enabled => _enabled;

    /// <summary>Where lines go.</summary>
    public LogDestination Destination => _destination;

    /// <summary>Lines that were taken, those that still wait included.</summary>
    public long Lines => _rings.Sum(ring => ring.Lines);

    /// <summary>Lines that were lost because they could not be written in time.</summary>
    public long Dropped => _rings.Sum(ring => ring.Dropped);

    /// <summary>Opens the file anew, for logrotate: lines after this go to whatever has its name now.</summary>
    /// <exception cref="IOException">It cannot be opened; the log goes on to the old one.</exception>
    public void Reopen() => Redirect(_destination);

    /// <summary>Goes on to another destination, for a reload; the one that it has already is opened anew.</summary>
    /// <exception cref="IOException">It cannot be opened; the log goes on to the old one.</exception>
    public void Redirect(LogDestination destination)
    {
        var output = LineOutput.Open(destination);
        _destination = destination;
        _enabled = !destination.IsOff;
        _writer.Redirect(output);
    }

    /// <summary>Waits until every line so far is written; false where <paramref name="patience"/> ends first, or the disk is full.</summary>
    public bool Flush(TimeSpan patience) => _writer.Flush(patience);

    /// <summary>Writes what is left, for a second at most. No loop may write any more.</summary>
    public void Dispose()
    {
        _enabled = false;
        _writer.Dispose();
    }

    /// <summary>Where the next line of <paramref name="loop"/> is formatted; <see cref="Append"/> takes it.</summary>
    internal Span<byte> Scratch(int loop) => _scratch[loop];

    /// <summary>Takes the line that is in the scratch, or counts it as dropped where it did not fit there.</summary>
    internal void Append(int loop, bool fits, int length)
    {
        if (!fits)
        {
            _rings[loop].Refuse();
            return;
        }

        _rings[loop].TryAppend(_scratch[loop].AsSpan(0, length));
        _writer.Wake(_rings[loop]);
    }
}
