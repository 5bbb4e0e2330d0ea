using BenchmarkDotNet.Attributes;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;
using LoadBalancer.SharedLimits;

namespace LoadBalancer.Bench.Limits;

/// <summary>One check of a limit that finds what it needs leased, and of one that was refused a moment ago: neither asks the store.</summary>
[Config(typeof(InUserTime))]
[MemoryDiagnoser]
public class LeasedLimitBenchmarks
{
    private static readonly LimitSpec Spec = new("bench", "default", new LimitRule { Rate = new Rate(1_000_000_000, TimeSpan.FromHours(1)) }, LimitMode.Leased, StoreFailure.Deny);

    private readonly LeasedLimit _leased = new(Spec, new GenerousStore(), null, TimeProvider.System);
    private readonly LeasedLimit _refused = new(Spec, new EmptyStore(), null, TimeProvider.System);
    private ulong _next;

    [Params(1, 10_000)]
    public int Callers { get; set; }

    [GlobalSetup]
    public void Warm()
    {
        for (var round = 0; round < 40 * Callers; round++)
        {
            _ = Allowed();
            _ = Refused();
        }
    }

    [Benchmark]
    public bool Allowed()
    {
        var answer = _leased.TakeAsync(Key(), 1);
        return answer.IsCompletedSuccessfully && answer.Result.Allowed;
    }

    [Benchmark]
    public bool Refused()
    {
        var answer = _refused.TakeAsync(Key(), 1);
        return answer.IsCompletedSuccessfully && answer.Result.Allowed;
    }

    private LimitKey Key()
    {
        _next = _next + 1 < (ulong)Callers ? _next + 1 : 0;
        return new LimitKey(_next * 0x9E3779B97F4A7C15, "somebody"u8);
    }

    private sealed class GenerousStore : ILeaseStore
    {
        public ValueTask<LeaseReply> AskAsync(in LeaseRequest request) => new(new LeaseReply(request.Want, 1_000_000, 0, 0, 5_000_000, 1));
    }

    private sealed class EmptyStore : ILeaseStore
    {
        public ValueTask<LeaseReply> AskAsync(in LeaseRequest request) => new(new LeaseReply(-1, 0, 60_000_000, 60_000_000, 5_000_000, 1));
    }
}
