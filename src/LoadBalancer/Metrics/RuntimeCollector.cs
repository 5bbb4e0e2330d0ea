using System.Globalization;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>What the .NET runtime does beside our work: collections, pauses, the thread pool.</summary>
internal sealed class RuntimeCollector : IMetricCollector
{
    /// <inheritdoc/>
    public void Collect(MetricWriter writer)
    {
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            writer.Write(MetricFamilies.GcCollections, GC.CollectionCount(generation), generation.ToString(CultureInfo.InvariantCulture));
        }

        writer.Write(MetricFamilies.GcPause, GC.GetTotalPauseDuration().TotalSeconds);
        writer.Write(MetricFamilies.GcAllocated, GC.GetTotalAllocatedBytes());
        writer.Write(MetricFamilies.GcHeap, GC.GetTotalMemory(forceFullCollection: false));
        writer.Write(MetricFamilies.ThreadPoolThreads, ThreadPool.ThreadCount);
        writer.Write(MetricFamilies.ThreadPoolWorkItems, ThreadPool.CompletedWorkItemCount);
    }
}
