using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using LoadBalancer.Bench.Http;

if (args is ["hit-ratio"])
{
    HitRatio.Print();
    return;
}

if (args is ["forwarding-pairs"])
{
    await ForwardingPairs.PrintAsync();
    return;
}

// What it builds for each of them has the analyzers in it, which take longer than the two minutes that it would wait.
BenchmarkSwitcher.FromAssembly(typeof(ForwardingPairs).Assembly).Run(args, ManualConfig.Create(DefaultConfig.Instance).WithBuildTimeout(TimeSpan.FromMinutes(10)));
