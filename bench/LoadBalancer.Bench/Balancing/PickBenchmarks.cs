using BenchmarkDotNet.Attributes;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Bench.Balancing;

/// <summary>One pick, alone on the machine: the price of choosing, per connection or request.</summary>
[MemoryDiagnoser]
public class PickBenchmarks
{
    private Balancer _balancer = null!;
    private Endpoint[] _tried = null!;
    private ulong _key;

    [Params("round_robin", "least_connections", "random_two", "peak_ewma", "hash")]
    public string Balance { get; set; } = "";

    [Params(3, 100)]
    public int Endpoints { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var members = SampleMembers.Of(Endpoints);
        foreach (var member in members)
        {
            // Nobody is idle, so that least_connections reads every load, as under traffic.
            member.Endpoint.Lease();
        }

        _balancer = BalancerCatalog.Build(Balance, new Tier(members, members.Length, new PickCursor(0), TimeProvider.System));
        _tried = [_balancer.Pick(new PickContext(0))!];
    }

    [Benchmark(Baseline = true)]
    public Endpoint? First() => _balancer.Pick(new PickContext(_key += 0x9E3779B97F4A7C15));

    [Benchmark]
    public Endpoint? AfterOneFailed() => _balancer.Pick(new PickContext(_key += 0x9E3779B97F4A7C15, _tried));
}
