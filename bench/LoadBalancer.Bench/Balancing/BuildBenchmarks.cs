using System.Collections.Immutable;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Balancing;

namespace LoadBalancer.Bench.Balancing;

/// <summary>One table: the price of a change of membership or health.</summary>
[MemoryDiagnoser]
public class BuildBenchmarks
{
    private ImmutableArray<Member> _members;

    [Params("round_robin", "least_connections", "random_two", "peak_ewma", "hash")]
    public string Balance { get; set; } = "";

    [Params(3, 100, 1_000)]
    public int Endpoints { get; set; }

    [GlobalSetup]
    public void Setup() => _members = SampleMembers.Of(Endpoints);

    [Benchmark]
    public Balancer Build() => BalancerCatalog.Build(Balance, new Tier(_members, _members.Length, new PickCursor(0), TimeProvider.System));
}
