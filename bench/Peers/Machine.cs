namespace LoadBalancer.Peers;

/// <summary>The machine as a report names it.</summary>
internal sealed record Machine(string Processor, int Processors, string Kernel, string System)
{
    public static Machine Current()
    {
        var processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        var system = File.ReadLines("/etc/os-release").FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal));
        return new Machine(
            processor?.Split(':', 2)[1].Trim() ?? "unknown processor",
            Environment.ProcessorCount,
            File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
            system?.Split('=', 2)[1].Trim('"') ?? "Linux");
    }
}
