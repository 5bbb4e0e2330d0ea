namespace LoadBalancer.Daemon.Metrics;

/// <summary>A form in which metrics are read.</summary>
internal enum ExpositionFormat : byte
{
    /// <summary>The text format of Prometheus, version 0.0.4.</summary>
    Text,

    /// <summary>OpenMetrics 1.0.0.</summary>
    OpenMetrics,
}
