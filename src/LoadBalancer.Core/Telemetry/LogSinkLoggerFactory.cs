using Microsoft.Extensions.Logging;

namespace LoadBalancer.Telemetry;

/// <summary>
/// The platform's edge for logs: what Kestrel and other libraries log goes to the daemon's log, with their category as a
/// field. Their information is our debug.
/// </summary>
internal sealed class LogSinkLoggerFactory(LogSink log) : ILoggerFactory
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new LogSinkLogger(log, categoryName);

    /// <summary>Not supported: there is one log.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("the daemon has one log, and it takes no further providers");

    /// <summary>Does nothing: the log belongs to its creator.</summary>
    public void Dispose()
    {
    }
}
