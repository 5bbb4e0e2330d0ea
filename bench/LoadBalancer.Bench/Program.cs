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

BenchmarkSwitcher.FromAssembly(typeof(ForwardingPairs).Assembly).Run(args);
