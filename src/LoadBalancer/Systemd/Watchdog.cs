using System.Globalization;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Systemd;

/// <summary>
/// Tells the service manager twice per period that the daemon is alive (WatchdogSec= in the unit, sd_watchdog_enabled(3)).
/// It stays silent while the loops stand still, and then the manager restarts the service.
/// </summary>
/// <remarks>
/// Its timer needs the thread pool: a daemon whose pool is starved has no working control plane, and is restarted too.
/// </remarks>
internal sealed class Watchdog : IDisposable
{
    private readonly Notifier _notifier;
    private readonly Func<bool> _alive;
    private readonly LogSink _log;
    private readonly ITimer? _timer;

    /// <summary>Starts, where <paramref name="environment"/> asks for it.</summary>
    /// <param name="environment">WATCHDOG_USEC is the period, and WATCHDOG_PID the process that is meant.</param>
    /// <param name="notifier">The way to the manager.</param>
    /// <param name="alive">True while the loops turn; called on a pool thread.</param>
    /// <param name="time">The clock of the period.</param>
    /// <param name="log">Told when a sign of life is withheld.</param>
    public Watchdog(ServiceEnvironment environment, Notifier notifier, Func<bool> alive, TimeProvider time, LogSink log)
    {
        _notifier = notifier;
        _alive = alive;
        _log = log;
        var period = environment.Take("WATCHDOG_USEC");
        var process = environment.Take("WATCHDOG_PID");
        if (period is null || (process is not null && process != environment.ProcessId.ToString(CultureInfo.InvariantCulture)))
        {
            return;
        }

        if (!long.TryParse(period, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) || microseconds < 2)
        {
            log.Warn("WATCHDOG_USEC is not a number of microseconds: the watchdog is off", ("value", period));
            return;
        }

        Interval = TimeSpan.FromMicroseconds(microseconds / 2.0);
        _timer = time.CreateTimer(static watchdog => ((Watchdog)watchdog!).Tell(), this, Interval.Value, Interval.Value);
    }

    /// <summary>From one sign of life to the next, half the manager's period; null where it asks for none.</summary>
    public TimeSpan? Interval { get; }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private void Tell()
    {
        if (_alive())
        {
            _notifier.Alive();
        }
        else
        {
            _log.Error("an event loop stands still: the service manager gets no sign of life, and will restart the service");
        }
    }
}
