namespace LoadBalancer.Daemon.Metrics;

/// <summary>What the values of a family mean.</summary>
internal enum MetricType : byte
{
    /// <summary>A count that only grows; its name ends in <c>_total</c>.</summary>
    Counter,

    /// <summary>A value that goes up and down.</summary>
    Gauge,

    /// <summary>Counts of values below rising bounds, and their sum.</summary>
    Histogram,

    /// <summary>Text in labels with the value 1; its name ends in <c>_info</c>.</summary>
    Info,
}
