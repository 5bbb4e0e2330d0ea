using System.Diagnostics;
using System.Globalization;
using System.IO.Enumeration;

namespace LoadBalancer.Daemon.Metrics;

/// <summary>What the system knows of this process, under the names that all Prometheus libraries use.</summary>
internal sealed class ProcessCollector : IMetricCollector
{
    private readonly double _startedAt = ReadStart();

    /// <inheritdoc/>
    public void Collect(MetricWriter writer)
    {
        writer.Write(MetricFamilies.ProcessCpu, Environment.CpuUsage.TotalTime.TotalSeconds);
        writer.Write(MetricFamilies.ProcessResidentMemory, Environment.WorkingSet);
        writer.Write(MetricFamilies.ProcessOpenDescriptors, CountDescriptors());
        writer.Write(MetricFamilies.ProcessMaxDescriptors, ReadMaxDescriptors());
        writer.Write(MetricFamilies.ProcessStart, _startedAt);
    }

    private static double ReadStart()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0;
    }

    // The names of tens of thousands of descriptors are counted without making strings of them. One is the listing's own.
    private static int CountDescriptors() => new FileSystemEnumerable<byte>("/proc/self/fd", static (ref _) => 0).Count() - 1;

    private static double ReadMaxDescriptors()
    {
        const string Name = "Max open files";
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        var soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return double.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : double.PositiveInfinity;
    }
}
