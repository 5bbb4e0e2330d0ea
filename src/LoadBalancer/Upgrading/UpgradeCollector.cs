using LoadBalancer.Daemon.Metrics;

namespace LoadBalancer.Daemon.Upgrading;

/// <summary>How upgrades went, and what of earlier processes still runs.</summary>
internal sealed class UpgradeCollector(UpgradeTally tally) : IMetricCollector
{
    /// <inheritdoc/>
    public void Collect(MetricWriter writer)
    {
        writer.Write(MetricFamilies.Upgrades, tally.Done, "done");
        writer.Write(MetricFamilies.Upgrades, tally.Failed, "failed");
        writer.Write(MetricFamilies.UpgradeDrainingProcesses, tally.DrainingProcesses);
        writer.Write(MetricFamilies.UpgradeDrainingConnections, tally.DrainingConnections);
    }
}
