using BenchmarkDotNet.Attributes;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Bench.Limits;

/// <summary>The user time of a check of a caller that comes once and never again, in a table that is full of them and within the memory of a process.</summary>
[MemoryDiagnoser]
[Config(typeof(InUserTime))]
public class NewcomerBenchmarks
{
    private const int Checks = 1 << 20;

    private LocalLimit _limit = null!;
    private ulong _caller;

    [Params("60/m burst 10", "60/m", "6000/m")]
    public string Rule { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        var rate = new Rate(long.Parse(Rule.Split('/')[0], System.Globalization.CultureInfo.InvariantCulture), TimeSpan.FromMinutes(1));
        var rule = new LimitRule { Rate = rate, Burst = Rule.Contains("burst", StringComparison.Ordinal) ? 10 : 0 };
        _limit = new LocalLimit(new LimitSpec("limit", "free", rule, LimitMode.Local, StoreFailure.Local), TimeProvider.System, new LimitMemory(128L << 20));
        Newcomers();
        Newcomers();
    }

    [Benchmark(OperationsPerInvoke = Checks)]
    public long Newcomers()
    {
        var left = 0L;
        for (var check = 0; check < Checks; check++)
        {
            left += _limit.Take(new LimitKey(LocalLimitBenchmarks.Mixed(++_caller), []), 1).Remaining;
        }

        return left;
    }
}
