using BenchmarkDotNet.Running;
using LoadBalancer.Bench.Http;

if (args is ["hit-ratio"])
{
    HitRatio.Print();
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
