using System.Text.Json;
using LoadBalancer.Daemon.Metrics;

namespace LoadBalancer.Daemon.Admin;

/// <summary>What the admin listeners have refused.</summary>
internal sealed class AdminCollector(AdminRefusals refusals) : IMetricCollector
{
    private static readonly (AdminRefusalReason Reason, string Word)[] Reasons =
        [.. Enum.GetValues<AdminRefusalReason>().Select(reason => (reason, JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString())))];

    /// <inheritdoc/>
    public void Collect(MetricWriter writer)
    {
        foreach (var (reason, word) in Reasons)
        {
            writer.Write(MetricFamilies.AdminRefused, refusals[reason], word);
        }
    }
}
