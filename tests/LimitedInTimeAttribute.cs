using System.Collections.Concurrent;
using NUnit.Framework.Interfaces;

namespace LoadBalancer.Tests;

/// <summary>Each test of the assembly: one that takes longer than any may ends the run and says which it was, since nobody would learn it otherwise.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class LimitedInTimeAttribute : TestActionAttribute
{
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(8);

    private readonly ConcurrentDictionary<string, ITimer> _limits = new();

    /// <inheritdoc/>
    public override ActionTargets Targets => ActionTargets.Test;

    /// <inheritdoc/>
    public override void BeforeTest(ITest test) =>
        _limits[test.Id] = TimeProvider.System.CreateTimer(static name => Environment.FailFast($"{name} did not end in {Most.TotalMinutes} minutes"), test.FullName, Most, Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public override void AfterTest(ITest test)
    {
        if (_limits.TryRemove(test.Id, out var limit))
        {
            limit.Dispose();
        }
    }
}
