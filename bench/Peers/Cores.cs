using System.Globalization;

namespace LoadBalancer.Peers;

/// <summary>Which core every proxy runs on, alone, and which one clients and endpoints share.</summary>
internal sealed record Cores(int Proxy, int Load)
{
    /// <exception cref="UsageException">Fewer than two cores are allowed, or the same was chosen twice.</exception>
    public static Cores Choose(int? proxy, int? load)
    {
        var status = File.ReadLines("/proc/self/status").First(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal));
        var allowed = Parse(status.Split(':')[1].Trim());
        if (allowed.Count < 2)
        {
            throw new UsageException("two cores are needed, one for the proxy and one for the load; this process may use one only");
        }

        var cores = new Cores(proxy ?? allowed.Last(core => core != load), load ?? allowed.First(core => core != proxy));
        return cores.Proxy == cores.Load
            ? throw new UsageException($"--proxy-core and --load-core are both {cores.Proxy}: the load would be measured with the proxy")
            : cores;
    }

    /// <summary>The cores of a kernel list such as <c>0-2,5</c>.</summary>
    public static IReadOnlyList<int> Parse(string list) =>
    [
        .. list.Split(',').SelectMany(range =>
        {
            var ends = range.Split('-').Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToArray();
            return Enumerable.Range(ends[0], ends[^1] - ends[0] + 1);
        }),
    ];
}
