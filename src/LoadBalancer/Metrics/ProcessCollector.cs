using System.Diagnostics;
using System.IO.Enumeration;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>What the system knows of this process, under the names that all Prometheus libraries use.</summary>
internal sealed class ProcessCollector : IMetricCollector
{
    private readonly double _startedAt = ReadStart();

    /// <inheritdoc/>
    public void Collect(MetricWriter writer)
    {
        var cpu = Environment.CpuUsage;
        writer.Write(MetricFamilies.ProcessCpu, cpu.TotalTime.TotalSeconds);
        writer.Write(MetricFamilies.ProcessUserCpu, cpu.UserTime.TotalSeconds);
        writer.Write(MetricFamilies.ProcessSystemCpu, cpu.PrivilegedTime.TotalSeconds);
        writer.Write(MetricFamilies.ProcessThreads, CountEntries("/proc/self/task"));
        writer.Write(MetricFamilies.ProcessResidentMemory, Environment.WorkingSet);
        // One descriptor is the listing's own.
        writer.Write(MetricFamilies.ProcessOpenDescriptors, CountEntries("/proc/self/fd") - 1);
        writer.Write(MetricFamilies.ProcessMaxDescriptors, DescriptorLimit.Limit == int.MaxValue ? double.PositiveInfinity : DescriptorLimit.Limit);
        writer.Write(MetricFamilies.ProcessStart, _startedAt);
    }

    private static double ReadStart()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0;
    }

    // The names of tens of thousands of descriptors are counted without making strings of them.
    private static int CountEntries(string folder) => new FileSystemEnumerable<byte>(folder, static (ref _) => 0).Count();
}
