namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>A client's call that did not end as it should.</summary>
/// <param name="At">When, from the beginning.</param>
/// <param name="Key">The request's id, or the client's address where the connection carries none.</param>
/// <param name="What">What was asked.</param>
/// <param name="Seen">What the client saw.</param>
/// <param name="Code">The reason that lb's own answer names; null where it was none.</param>
internal sealed record ChaosFailure(TimeSpan At, string Key, string What, string Seen, string? Code = null)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{At.TotalSeconds,7:0.00} {Key} {What}: {Seen}");
}
