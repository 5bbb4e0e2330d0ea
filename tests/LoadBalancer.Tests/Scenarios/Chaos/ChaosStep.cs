namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>Something that happens in a chaos run.</summary>
/// <param name="At">When, from the beginning of its part of the run.</param>
/// <param name="What">What.</param>
internal sealed record ChaosStep(TimeSpan At, string What)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{At.TotalSeconds,7:0.00} {What}");
}
