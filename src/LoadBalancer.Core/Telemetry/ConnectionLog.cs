namespace LoadBalancer.Telemetry;

/// <summary>
/// The log of connections: one JSON line for each, written when it ends (<see cref="ConnectionLine"/> has the keys). A loop
/// formats the line into its own ring and goes on; one thread carries the rings to the file.
/// </summary>
/// <remarks>
/// <see cref="Write"/> is called on the thread of the loop that it names; it takes no lock, allocates nothing and never
/// waits. When the disk is full or the reader slow, a ring fills and further lines are dropped and counted. All else is
/// thread-safe. Lines of different loops may be some milliseconds out of order.
/// </remarks>
public sealed class ConnectionLog : IDisposable
{
    /// <summary>The longest line: names and Unix paths are bounded far below this.</summary>
    private const int LongestLine = 16 * 1024;

    /// <summary>Lines of refused connections that a loop writes a second: a flood fills neither the disk nor the ring that others need.</summary>
    private const int RefusalsPerSecond = 100;

    private readonly LineRing[] _rings;
    private readonly LineBudget[] _refusals;
    private readonly byte[][] _scratch;
    private readonly TimeProvider _time;
    private readonly LineWriter _writer;
    private LogDestination _destination;
    private volatile bool _enabled;

    /// <summary>Opens the log and starts its thread.</summary>
    /// <param name="loops">How many loops write.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="time">The clock of the lines.</param>
    /// <param name="log">Told when lines cannot be written.</param>
    /// <param name="ringBytes">What each loop may have waiting, a power of two; default 256 KiB, about 800 lines.</param>
    /// <exception cref="IOException">The file cannot be opened; the message says why.</exception>
    public ConnectionLog(int loops, LogDestination destination, TimeProvider time, LogSink log, int ringBytes = 256 * 1024)
    {
        _rings = [.. Enumerable.Range(0, loops).Select(_ => new LineRing(ringBytes))];
        _refusals = [.. Enumerable.Range(0, loops).Select(_ => new LineBudget(RefusalsPerSecond, time))];
        _scratch = [.. Enumerable.Range(0, loops).Select(_ => new byte[LongestLine])];
        _time = time;
        _destination = destination;
        _enabled = !destination.IsOff;
        _writer = new LineWriter("connection log", _rings, LineOutput.Open(destination), log, time);
    }

    /// <summary>False where the destination is <c>off</c>: then a record need not be made.</summary>
    public bool Enabled => _enabled;

    /// <summary>Where lines go.</summary>
    public LogDestination Destination => _destination;

    /// <summary>Lines that were taken, those that still wait included.</summary>
    public long Lines => _rings.Sum(ring => ring.Lines);

    /// <summary>Lines that were lost because they could not be written in time.</summary>
    public long Dropped => _rings.Sum(ring => ring.Dropped);

    /// <summary>Lines of refused connections that were left out, because too many came at once.</summary>
    public long Suppressed => _refusals.Sum(budget => budget.Suppressed);

    /// <summary>
    /// True where a connection that a policy refused may have its line; else it is counted in <see cref="Suppressed"/>. Only on
    /// the thread of <paramref name="loop"/>.
    /// </summary>
    public bool MayWriteRefusal(int loop) => _refusals[loop].TryTake();

    /// <summary>Takes the line of one connection; only on the thread of <paramref name="loop"/>.</summary>
    public void Write(int loop, in ConnectionRecord record)
    {
        if (!_enabled)
        {
            return;
        }

        var line = _scratch[loop];
        if (!ConnectionLine.TryFormat(record, _time.GetUtcNow(), line, out var length))
        {
            _rings[loop].Refuse();
            return;
        }

        _rings[loop].TryAppend(line.AsSpan(0, length));
        _writer.Wake();
    }

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
}
