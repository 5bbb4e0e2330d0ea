using BenchmarkDotNet.Attributes;
using LoadBalancer.Faults;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Bench.Upstreams;

/// <summary>What a circuit breaker costs an attempt that succeeds, and one that is refused.</summary>
[MemoryDiagnoser]
public class CircuitBenchmarks
{
    private readonly Circuit _closed = new("orders", new CircuitBreakerOptions(), loops: 1, TimeProvider.System);
    private readonly Circuit _open = new("orders", new CircuitBreakerOptions { Minimum = 1, OpenFor = TimeSpan.FromHours(1) }, loops: 1, TimeProvider.System);

    [GlobalSetup]
    public void Open()
    {
        _open.TryEnter(0, out var pass);
        pass.Return(0, new Fault(FaultSide.Upstream, FaultKind.ConnectRefused));
    }

    [Benchmark]
    public bool Success()
    {
        var entered = _closed.TryEnter(0, out var pass);
        pass.Answered(0, TimeProvider.System.GetTimestamp());
        pass.Return(0, Fault.None);
        return entered;
    }

    [Benchmark]
    public bool Refusal() => _open.TryEnter(0, out _);
}
