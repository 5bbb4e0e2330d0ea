using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon;

/// <summary>The words of the file's <c>log</c> as the log understands them.</summary>
internal static class LogWords
{
    /// <summary>The severity that <paramref name="level"/> names.</summary>
    public static Severity SeverityOf(string level) => level switch
    {
        "debug" => Severity.Debug,
        "warn" => Severity.Warn,
        "error" => Severity.Error,
        _ => Severity.Info,
    };

    /// <summary>Where <paramref name="access"/> leads: <c>off</c>, <c>stdout</c> or a file.</summary>
    public static LogDestination DestinationOf(string access) => access switch
    {
        "off" => LogDestination.Off,
        "stdout" => LogDestination.StandardOutput,
        _ => LogDestination.File(access),
    };
}
