using System.Text;

namespace LoadBalancer.Telemetry;

/// <summary>
/// The daemon's own log: a line is a message and fields, such as
/// <c>2026-11-21T22:27:01.123Z info  listening name=web address=0.0.0.0:80</c>. Connections have a log of their own,
/// <see cref="ConnectionLog"/>.
/// </summary>
/// <remarks>
/// Thread-safe, and it never waits for the terminal or the journal: a thread of its own writes, and when that cannot keep
/// up, lines are dropped and their count is logged. Equal warnings and errors (severity, message and fields) are written
/// once, then once a minute with their count: so a field that differs each time, such as a client's address, belongs to
/// the connection log and not here.
/// </remarks>
public sealed class LogSink : IDisposable
{
    private const int RingBytes = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly LogStyle _style;
    private readonly LineRing _ring = new(RingBytes);
    private readonly LineWriter? _writer;
    private readonly RepeatedLines _repeated;
    private readonly ITimer _minute;
    private long _droppedBefore;
    private bool _disposed;

    /// <summary>A log that writes to <paramref name="destination"/>.</summary>
    /// <param name="destination">Where lines go; <see cref="LogDestination.Off"/> makes a log that is never enabled.</param>
    /// <param name="style">How a line begins.</param>
    /// <param name="least">The least severe line that is written.</param>
    /// <param name="time">The clock of the lines and of the minute.</param>
    /// <exception cref="IOException">The destination cannot be opened.</exception>
    public LogSink(LogDestination destination, LogStyle style, Severity least, TimeProvider time)
    {
        Least = least;
        _time = time;
        _style = style;
        _repeated = new RepeatedLines(time);
        _writer = LineOutput.Open(destination) is { } output ? new LineWriter("log", [_ring], output, log: null, time) : null;
        _minute = time.CreateTimer(static sink => ((LogSink)sink!).ReportRepeated(all: false), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A log that writes nothing.</summary>
    public static LogSink Silent { get; } = new(LogDestination.Off, LogStyle.Terminal, Severity.Error, TimeProvider.System);

    /// <summary>The least severe line that is written; a reload may change it.</summary>
    public Severity Least { get; set; }

    /// <summary>Lines that found no room.</summary>
    public long Dropped => _ring.Dropped;

    /// <summary>The daemon's log on standard error, in the style that its reader wants.</summary>
    public static LogSink ToStandardError(Severity least, TimeProvider time) =>
        new(LogDestination.StandardError, JournalStream.StyleOfStandardError(), least, time);

    /// <summary>True where a line of this severity is written; ask before computing what only the log needs.</summary>
    public bool Enabled(Severity severity) => severity >= Least && _writer is not null;

    /// <summary>Writes for whoever looks for a cause.</summary>
    public void Debug(string message, params ReadOnlySpan<LogField> fields) => Write(Severity.Debug, null, message, fields);

    /// <summary>Writes a change that an operator may want to see.</summary>
    public void Info(string message, params ReadOnlySpan<LogField> fields) => Write(Severity.Info, null, message, fields);

    /// <summary>Writes that something is not as it should be.</summary>
    public void Warn(string message, params ReadOnlySpan<LogField> fields) => Write(Severity.Warn, null, message, fields);

    /// <summary>Writes that something did not work.</summary>
    public void Error(string message, params ReadOnlySpan<LogField> fields) => Write(Severity.Error, null, message, fields);

    /// <summary>Writes that something did not work, and where the exception came from.</summary>
    public void Error(Exception error, string message, params ReadOnlySpan<LogField> fields) => Write(Severity.Error, error, message, fields);

    /// <summary>Writes a line of the given severity, where that is enabled.</summary>
    public void Write(Severity severity, Exception? error, string message, params ReadOnlySpan<LogField> fields)
    {
        if (!Enabled(severity))
        {
            return;
        }

        var text = LogText.Format(message, fields, error);
        lock (_gate)
        {
            if (severity < Severity.Warn)
            {
                Append(severity, text);
                return;
            }

            if (_repeated.Admit(severity, text, out var displaced))
            {
                AppendRepeated(displaced);
                Append(severity, text);
                Arm();
            }
        }
    }

    /// <summary>Waits until every line so far is written; false where <paramref name="patience"/> ends first.</summary>
    public bool Flush(TimeSpan patience) => _writer?.Flush(patience) ?? true;

    /// <summary>Writes the counts that are held back and all lines, waiting a second at most.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _minute.Dispose();
        }

        ReportRepeated(all: true);
        _writer?.Dispose();
    }

    private void ReportRepeated(bool all)
    {
        lock (_gate)
        {
            foreach (var repetition in _repeated.Collect(all))
            {
                AppendRepeated(repetition);
            }

            Arm();
        }
    }

    private void Arm()
    {
        if (!_disposed && _repeated.NextDue is { } due)
        {
            _minute.Change(due > TimeSpan.Zero ? due : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void AppendRepeated(RepeatedLines.Repetition? repetition)
    {
        if (repetition is { } again)
        {
            var firstLine = again.Text.Split('\n')[0];
            Append(again.Severity, $"{firstLine} repeated={again.Count}");
        }
    }

    private void Append(Severity severity, string text)
    {
        var dropped = _ring.Dropped;
        if (dropped == _droppedBefore)
        {
            _ring.TryAppend(Encode(severity, text));
        }
        else if (_ring.TryAppend(Encode(Severity.Warn, $"log lines were dropped count={dropped - _droppedBefore}")))
        {
            _droppedBefore = dropped;
            _ring.TryAppend(Encode(severity, text));
        }

        // Else the ring has counted a dropped line: this one, which must not come before a word about the gap.
        _writer?.Wake(_ring);
    }

    private byte[] Encode(Severity severity, string text)
    {
        if (_style == LogStyle.Journal)
        {
            // The journal makes an entry of each line, so each needs its priority.
            var priority = severity switch { Severity.Debug => "<7>", Severity.Info => "<6>", Severity.Warn => "<4>", _ => "<3>" };
            return Encoding.UTF8.GetBytes($"{priority}{text.Replace("\n", "\n" + priority, StringComparison.Ordinal)}\n");
        }

        var word = severity switch { Severity.Debug => "debug", Severity.Info => "info ", Severity.Warn => "warn ", _ => "error" };
        var line = Encoding.UTF8.GetBytes($"{new string(' ', Rfc3339.Length)} {word} {text}\n");
        Rfc3339.Format(_time.GetUtcNow(), line);
        return line;
    }
}
