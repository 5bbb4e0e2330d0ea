namespace LoadBalancer.Telemetry;

/// <summary>How a line of the daemon's own log begins.</summary>
public enum LogStyle : byte
{
    /// <summary>With the time and the severity, for a person at a terminal or a file.</summary>
    Terminal,

    /// <summary>With <c>&lt;N&gt;</c>, the syslog priority; the journal keeps the time itself (sd-daemon(3)).</summary>
    Journal,
}
