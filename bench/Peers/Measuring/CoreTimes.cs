using System.Globalization;

namespace LoadBalancer.Peers.Measuring;

/// <summary>A core's times since the machine started, in clock ticks: a line of /proc/stat.</summary>
internal sealed record CoreTimes(long Busy, long Stolen, long All)
{
    /// <summary>Linux tells user space of 100 ticks a second, whatever its own clock does.</summary>
    public const double TicksPerSecond = 100;

    public static CoreTimes Of(int core)
    {
        var line = File.ReadLines("/proc/stat").First(l => l.StartsWith($"cpu{core} ", StringComparison.Ordinal));

        // user nice system idle iowait irq softirq steal
        var t = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(f => long.Parse(f, CultureInfo.InvariantCulture)).ToArray();
        return new CoreTimes(t[0] + t[1] + t[2] + t[5] + t[6], t[7], t[..8].Sum());
    }

    /// <param name="earlier">The same core, earlier.</param>
    /// <param name="oursTicks">What the run itself used of it meanwhile.</param>
    public CoreDisturbance Since(CoreTimes earlier, double oursTicks)
    {
        var all = Math.Max(1.0, All - earlier.All);
        return new CoreDisturbance(Math.Max(0, Busy - earlier.Busy - oursTicks) / all, (Stolen - earlier.Stolen) / all);
    }
}
