using System.Net;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Balancing;

namespace LoadBalancer.Bench.Balancing;

/// <summary>The key of one client.</summary>
[MemoryDiagnoser]
public class HashKeyBenchmarks
{
    private readonly IPEndPoint _ipv4 = IPEndPoint.Parse("192.0.2.1:50000");
    private readonly IPEndPoint _mapped = IPEndPoint.Parse("[::ffff:192.0.2.1]:50000");
    private readonly IPEndPoint _ipv6 = IPEndPoint.Parse("[2001:db8::1]:50000");

    [Benchmark(Baseline = true)]
    public ulong Ipv4() => HashKey.OfClient(_ipv4);

    [Benchmark]
    public ulong MappedIpv4() => HashKey.OfClient(_mapped);

    [Benchmark]
    public ulong Ipv6() => HashKey.OfClient(_ipv6);
}
