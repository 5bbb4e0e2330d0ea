using System.Globalization;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Systemd;

/// <summary>
/// Tells the service manager how the daemon is (sd_notify(3)): a datagram of assignments to the Unix socket that
/// NOTIFY_SOCKET names. Without that variable every call does nothing.
/// </summary>
/// <remarks>
/// Thread-safe. A message that cannot be sent is logged, the first one of a row alone, and is never an error of the caller:
/// the service manager notices silence by itself. A send waits for the manager's queue at most <see cref="Patience"/>.
/// </remarks>
internal sealed class Notifier : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly LogSink _log;
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _manager;
    private int _failing;
    private volatile bool _silent;

    /// <summary>A notifier for the manager that <paramref name="environment"/> names.</summary>
    public Notifier(ServiceEnvironment environment, TimeProvider time, LogSink log)
    {
        _time = time;
        _log = log;
        if (environment.Take("NOTIFY_SOCKET") is not { } name)
        {
            return;
        }

        if (name[0] is not ('/' or '@') || name.Length == 1)
        {
            _log.Warn("NOTIFY_SOCKET is neither a path nor an abstract name: the service manager is not told how we are", ("value", name));
            return;
        }

        _manager = new UnixDomainSocketEndPoint(name[0] == '@' ? $"\0{name[1..]}" : name);
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = (int)Patience.TotalMilliseconds };
    }

    /// <summary>True where a service manager listens.</summary>
    public bool Active => _manager is not null;

    /// <summary>Start or reload is done, and the daemon serves.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={OneLine(status)}");

    /// <summary>
    /// A reload begins, and <see cref="Ready"/> will follow. It carries the monotonic clock, by which the manager tells this
    /// reload from one before (Type=notify-reload).
    /// </summary>
    public void Reloading(string status) => Send($"RELOADING=1\nMONOTONIC_USEC={MonotonicMicroseconds()}\nSTATUS={OneLine(status)}");

    /// <summary>The daemon has begun to end.</summary>
    public void Stopping(string status) => Send($"STOPPING=1\nSTATUS={OneLine(status)}");

    /// <summary>What <c>systemctl status</c> shows; one line.</summary>
    public void Status(string status) => Send($"STATUS={OneLine(status)}");

    /// <summary>The daemon is alive; <see cref="Watchdog"/> calls this.</summary>
    public void Alive() => Send("WATCHDOG=1");

    /// <summary>
    /// Start, reload or stop goes on and may take this long from now: the manager's own timeout waits at least until then.
    /// For a drain that is longer than TimeoutStopSec.
    /// </summary>
    public void ExtendTimeout(TimeSpan time) => Send(string.Create(CultureInfo.InvariantCulture, $"EXTEND_TIMEOUT_USEC={(long)Math.Ceiling(time.TotalMicroseconds)}"));

    /// <summary>Another process is the service from now on (an upgrade that hands its sockets over); see <see cref="Silence"/>.</summary>
    public void MainProcess(int processId) => Send(string.Create(CultureInfo.InvariantCulture, $"MAINPID={processId}"));

    /// <summary>Says nothing any more: another process speaks.</summary>
    public void Silence() => _silent = true;

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    // The platform's timestamps are CLOCK_MONOTONIC, which is what the manager compares with.
    private long MonotonicMicroseconds() => (long)(_time.GetTimestamp() / (_time.TimestampFrequency / 1e6));

    // A line feed would begin another assignment.
    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    private void Send(string message)
    {
        if (_socket is null || _manager is null || _silent)
        {
            return;
        }

        try
        {
            _socket.SendTo(Encoding.UTF8.GetBytes(message), _manager);
            Volatile.Write(ref _failing, 0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            if (Interlocked.Exchange(ref _failing, 1) == 0)
            {
                _log.Warn("the service manager cannot be told how we are", ("message", message), ("socket", _manager), ("error", error.Message));
            }
        }
    }
}
