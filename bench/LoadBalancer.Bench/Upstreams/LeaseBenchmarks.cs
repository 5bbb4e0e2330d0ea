using System.Net;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Upstreams;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Bench.Upstreams;

/// <summary>The whole round of a connection's accounting: view, pick, lease, return with success.</summary>
[MemoryDiagnoser]
public class LeaseBenchmarks
{
    private Upstream _upstream = null!;
    private ulong _key;

    [Params("round_robin", "least_connections", "random_two", "peak_ewma", "hash")]
    public string Balance { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        var options = new UpstreamOptions
        {
            Balance = Balance,
            Endpoints = [.. Enumerable.Range(1, 10).Select(number => new EndpointOptions { Address = new IPEndPoint(IPAddress.Loopback, number) })],
        };
        _upstream = new Upstream("orders", options, previous: null, new BuildContext
        {
            Time = TimeProvider.System,
            Loops = 1,
            Seeds = new Random(1),
            Connections = new NoConnections(),
        });
        _upstream.Start();
    }

    [GlobalCleanup]
    public async Task Cleanup() => await _upstream.DisposeAsync();

    [Benchmark]
    public bool LeaseAndReturn()
    {
        if (!_upstream.Lease(new PickContext(_key += 0x9E3779B97F4A7C15), out var lease))
        {
            return false;
        }

        lease.Return(Fault.None);
        return true;
    }

    /// <summary>Nothing is probed here.</summary>
    private sealed class NoConnections : IConnectionFactory
    {
        public ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }
}
