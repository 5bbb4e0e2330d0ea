using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Bench.Limits;

/// <summary>
/// The time, by the clock on the wall, of as many checks of one caller by one thread and by two that share them. Two threads on one caller must reach half of what one
/// does: a mean of no more than twice.
/// </summary>
[Config(typeof(InThisProcess))]
public class HotCallerBenchmarks
{
    private const int Checks = 1 << 20;

    private readonly Barrier _turn = new(2);
    private LocalLimit _limit = null!;
    private Thread _other = null!;
    private volatile bool _ends;

    [Params("999999999/h burst 1000000", "1000/s", "999999999/h")]
    public string Rule { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        var rate = new Rate(long.Parse(Rule.Split('/')[0], System.Globalization.CultureInfo.InvariantCulture), Rule.Contains('h') ? TimeSpan.FromHours(1) : TimeSpan.FromSeconds(1));
        var rule = new LimitRule { Rate = rate, Burst = Rule.Contains("burst", StringComparison.Ordinal) ? 1_000_000 : 0 };
        _limit = new LocalLimit(new LimitSpec("limit", "free", rule, LimitMode.Local, StoreFailure.Local), TimeProvider.System);
        _other = new Thread(() =>
        {
            while (true)
            {
                _turn.SignalAndWait();
                if (_ends)
                {
                    return;
                }

                Check(Checks / 2);
                _turn.SignalAndWait();
            }
        });
        _other.Start();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _ends = true;
        _turn.SignalAndWait();
        _other.Join();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Checks)]
    public long OneThread() => Check(Checks);

    [Benchmark(OperationsPerInvoke = Checks)]
    public long TwoThreads()
    {
        _turn.SignalAndWait();
        var left = Check(Checks / 2);
        _turn.SignalAndWait();
        return left;
    }

    private long Check(int checks)
    {
        var left = 0L;
        for (var check = 0; check < checks; check++)
        {
            left += _limit.Take(new LimitKey(7, []), 1).Remaining;
        }

        return left;
    }

    private sealed class InThisProcess : ManualConfig
    {
        // It changes the job that is asked for, and adds none.
        public InThisProcess() => AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).AsMutator());
    }
}
