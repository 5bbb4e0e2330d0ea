using System.Globalization;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Bench.Configuration;

/// <summary>What <c>lb check</c> does with a file of many routes: read, resolved, checked.</summary>
[MemoryDiagnoser]
[Config(typeof(InUserTime))]
public class LoadBenchmarks
{
    private string _file = "";

    /// <summary>How many there are.</summary>
    [Params(1_000, 10_000)]
    public int Routes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _file = Path.GetTempFileName();
        File.WriteAllLines(
            _file,
            [
                "upstreams: {a: {endpoints: [\"10.0.0.1:80\"]}}", "listeners:", "  web:", "    bind: \":80\"", "    http:", "      routes:",
                .. Enumerable.Range(0, Routes).Select(route => string.Create(CultureInfo.InvariantCulture, $"        - {{host: team{route % 100}.example.com, path: \"/service{route}/v1/*\", upstream: a}}")),
            ]);
    }

    [GlobalCleanup]
    public void Cleanup() => File.Delete(_file);

    [Benchmark]
    public object Check()
    {
        var loaded = GatewayFile.Load(_file);
        return loaded.Errors.Count == 0 ? loaded.Options! : throw new InvalidOperationException($"{loaded.Errors[0]}");
    }
}
