using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>What the daemon's own log and the access log have taken and lost.</summary>
internal sealed class LogCollector(LogSink log, LoopLog access, ConnectionLog connections) : IMetricCollector
{
    /// <inheritdoc/>
    public void Collect(MetricWriter writer)
    {
        writer.Write(MetricFamilies.AccessLogLines, access.Lines);
        writer.Write(MetricFamilies.AccessLogDropped, access.Dropped);
        writer.Write(MetricFamilies.AccessLogSuppressed, connections.Suppressed);
        writer.Write(MetricFamilies.LogDropped, log.Dropped);
    }
}
