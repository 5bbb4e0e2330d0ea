using Microsoft.Extensions.Logging;

namespace LoadBalancer.Telemetry;

/// <summary>One category of <see cref="LogSinkLoggerFactory"/>.</summary>
internal sealed class LogSinkLogger(LogSink log, string category) : ILogger
{
    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => SeverityOf(logLevel) is { } severity && log.Enabled(severity);

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (SeverityOf(logLevel) is { } severity && log.Enabled(severity))
        {
            log.Write(severity, exception, formatter(state, exception), ("category", category));
        }
    }

    // A library's trace and debug lines come for every connection: they are never formatted.
    private static Severity? SeverityOf(LogLevel level) => level switch
    {
        LogLevel.Information => Severity.Debug,
        LogLevel.Warning => Severity.Warn,
        LogLevel.Error or LogLevel.Critical => Severity.Error,
        _ => null,
    };
}
