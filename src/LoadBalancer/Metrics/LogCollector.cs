using LoadBalancer.Telemetry;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>What the two logs have taken and lost.</summary>
internal sealed class LogCollector(LogSink log, ConnectionLog connections) : IMetricCollector
{
    /// <inheritdoc/>
    public void Collect(MetricWriter writer)
    {
        writer.Write(MetricFamilies.ConnectionLogLines, connections.Lines);
        writer.Write(MetricFamilies.ConnectionLogDropped, connections.Dropped);
        writer.Write(MetricFamilies.ConnectionLogSuppressed, connections.Suppressed);
        writer.Write(MetricFamilies.LogDropped, log.Dropped);
    }
}
