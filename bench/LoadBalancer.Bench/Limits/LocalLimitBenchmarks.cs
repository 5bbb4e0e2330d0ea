using BenchmarkDotNet.Attributes;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Bench.Limits;

/// <summary>
/// The user time of a check, the clock included, for as many callers as are in turn: of a token bucket, of a window whose times are kept, and of one that is counted by the slice.
/// A single caller of 1000/s is nearly always refused, as it asks ten thousand times as often; the others are let through.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(InUserTime))]
public class LocalLimitBenchmarks
{
    private const int Checks = 1 << 20;

    private LocalLimit _limit = null!;
    private ulong _caller;

    [Params("100/s burst 200", "1000/s", "1000000/s")]
    public string Rule { get; set; } = "";

    [Params(1, 10_000, 1_000_000)]
    public int Callers { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var rate = new Rate(long.Parse(Rule.Split('/')[0], System.Globalization.CultureInfo.InvariantCulture), TimeSpan.FromSeconds(1));
        var rule = new LimitRule { Rate = rate, Burst = Rule.Contains("burst", StringComparison.Ordinal) ? 200 : 0 };
        _limit = new LocalLimit(new LimitSpec("limit", "free", rule, LimitMode.Local, StoreFailure.Local), TimeProvider.System, new LimitMemory(1L << 32));
        KnownCallers();
    }

    [Benchmark(OperationsPerInvoke = Checks)]
    public long KnownCallers()
    {
        var left = 0L;
        for (var check = 0; check < Math.Max(Checks, Callers); check++)
        {
            _caller = _caller + 1 == (ulong)Callers ? 0 : _caller + 1;
            left += _limit.Take(new LimitKey(Mixed(_caller), []), 1).Remaining;
        }

        return left;
    }

    /// <summary>A number as a keyed hash would give it.</summary>
    internal static ulong Mixed(ulong number)
    {
        number *= 0x9E3779B97F4A7C15;
        number ^= number >> 32;
        return number * 0xD6E8FEB86659FD93;
    }
}
