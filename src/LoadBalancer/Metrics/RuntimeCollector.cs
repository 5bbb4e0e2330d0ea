using System.Globalization;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>What the .NET runtime does beside our work: collections, pauses, the thread pool.</summary>
internal sealed class RuntimeCollector : IMetricCollector
{
    // In the order of GCMemoryInfo.GenerationInfo.
    private static readonly string[] Generations = ["0", "1", "2", "loh", "poh"];

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
        var memory = GC.GetGCMemoryInfo(GCKind.Any);
        for (var generation = 0; generation < Generations.Length; generation++)
        {
            writer.Write(MetricFamilies.GcGeneration, memory.GenerationInfo[generation].SizeAfterBytes, Generations[generation]);
        }

        writer.Write(MetricFamilies.GcCommitted, memory.TotalCommittedBytes);
        writer.Write(MetricFamilies.GcLimit, memory.TotalAvailableMemoryBytes);
        writer.Write(MetricFamilies.ThreadPoolThreads, ThreadPool.ThreadCount);
        writer.Write(MetricFamilies.ThreadPoolQueue, ThreadPool.PendingWorkItemCount);
        writer.Write(MetricFamilies.ThreadPoolWorkItems, ThreadPool.CompletedWorkItemCount);
    }
}
