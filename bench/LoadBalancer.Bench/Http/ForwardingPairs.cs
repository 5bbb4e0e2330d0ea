namespace LoadBalancer.Bench.Http;

/// <summary>
/// What retries, a circuit breaker, outlier detection and adaptive concurrency add to a request of which nothing fails: <see cref="ForwardingBenchmarks"/> with all and with nothing,
/// turn by turn, by the CPU time of the process. The kernel tells user time by sampling, which is too coarse for this; the sum of user and system time it tells to the nanosecond, and what the kernel
/// does is the same for both.
/// </summary>
internal static class ForwardingPairs
{
    private const int Pairs = 400;

    /// <summary>Measures and prints the median of the differences, with the interval that it lies in 95 times of 100.</summary>
    public static async Task PrintAsync()
    {
        var nothing = new ForwardingBenchmarks { On = "nothing" };
        var all = new ForwardingBenchmarks { On = "all" };
        nothing.Setup();
        all.Setup();

        // Hot code is compiled anew for some seconds.
        var began = Environment.CpuUsage.TotalTime;
        while (Environment.CpuUsage.TotalTime - began < TimeSpan.FromSeconds(10))
        {
            Cost(nothing);
            Cost(all);
        }

        var (costs, differences) = (new double[Pairs], new double[Pairs]);
        for (var pair = 0; pair < Pairs; pair++)
        {
            // Each comes first as often as the other.
            var (first, second) = pair % 2 == 0 ? (nothing, all) : (all, nothing);
            var (one, other) = (Cost(first), Cost(second));
            (costs[pair], differences[pair]) = pair % 2 == 0 ? (one, other - one) : (other, one - other);
        }

        Array.Sort(costs);
        Array.Sort(differences);

        // Order statistics: the median of n lies between the ranks n/2 - 0.98 sqrt(n) and n/2 + 0.98 sqrt(n), 95 times of 100.
        var apart = (int)Math.Ceiling(0.98 * Math.Sqrt(Pairs));
        Console.WriteLine(FormattableString.Invariant(
            $"a request with nothing on: {costs[Pairs / 2]:0} ns of CPU time, endpoint and kernel included; all of it on adds {differences[Pairs / 2]:0} ns ({differences[(Pairs / 2) - apart]:0} to {differences[(Pairs / 2) + apart]:0}), {Pairs} pairs of {ForwardingBenchmarks.RequestsPerCall:N0} requests"));
        await nothing.Cleanup();
        await all.Cleanup();
    }

    private static double Cost(ForwardingBenchmarks run)
    {
        var before = Environment.CpuUsage.TotalTime;
        run.Forward();
        return (Environment.CpuUsage.TotalTime - before).TotalNanoseconds / ForwardingBenchmarks.RequestsPerCall;
    }
}
