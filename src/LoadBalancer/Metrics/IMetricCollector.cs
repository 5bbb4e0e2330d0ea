namespace LoadBalancer.Daemon.Metrics;

/// <summary>Reads what others count, when somebody asks. Called on any thread, by several scrapes at once.</summary>
internal interface IMetricCollector
{
    /// <summary>Writes its families as of now.</summary>
    void Collect(MetricWriter writer);
}
