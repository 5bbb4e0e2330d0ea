namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>A client's call that did not end as it should.</summary>
/// <param name="Began">When it began, on the run's clock.</param>
/// <param name="At">When it ended.</param>
/// <param name="Key">The request's id, or the client's address where the connection carries none.</param>
/// <param name="What">What was asked.</param>
/// <param name="Seen">What the client saw; begins with <c>WRONG</c> where it was somebody else's answer, or other bytes than were sent.</param>
/// <param name="Code">The reason that lb's own answer names; null where it was none.</param>
/// <param name="IsUntaken">
/// True where the protocol says that nobody has looked at it: the connection that was kept from before has ended without a byte of an answer, or
/// with a GOAWAY before this stream.
/// </param>
internal sealed record ChaosFailure(TimeSpan Began, TimeSpan At, string Key, string What, string Seen, string? Code = null, bool IsUntaken = false)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Began.TotalSeconds,7:0.00} to {At.TotalSeconds:0.00} {Key} {What}: {Seen}");
}
