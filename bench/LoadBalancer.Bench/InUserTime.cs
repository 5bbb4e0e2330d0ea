using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace LoadBalancer.Bench;

/// <summary>
/// Measures by <see cref="UserTime"/>, in this process: what else the machine does counts for nothing. It changes the job that is asked for (<c>--job</c>) and adds none, so that
/// each benchmark runs once.
/// </summary>
public sealed class InUserTime : ManualConfig
{
    /// <summary>The configuration.</summary>
    public InUserTime() => AddJob(Job.Default.WithClock(new UserTime()).WithToolchain(InProcessEmitToolchain.Instance).WithIterationTime(TimeInterval.FromMilliseconds(500)).AsMutator());
}
