namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>What clients have seen in a while.</summary>
/// <param name="LostCalls">What was not answered as it should be.</param>
/// <param name="Latest">The longest that a call took that had to connect anew, or to open a WebSocket.</param>
/// <param name="Goodbyes">The connections of which the other side had said that they end.</param>
internal sealed record PairReport(IReadOnlyList<PairReport.Lost> LostCalls, TimeSpan Latest, IReadOnlyList<PairReport.Goodbye> Goodbyes)
{
    /// <summary>A call that was not answered as it should be.</summary>
    /// <param name="Protocol">What the client speaks.</param>
    /// <param name="Call">The call.</param>
    /// <param name="Instance">Who has answered last on the connection; null where nobody has.</param>
    internal sealed record Lost(PairProtocol Protocol, PairCall Call, string? Instance)
    {
        /// <inheritdoc/>
        public override string ToString() => $"{Protocol.Name} {Call.What}: {Call.Lost}";
    }

    /// <summary>The other side has said that a connection ends.</summary>
    /// <param name="Protocol">What the client speaks.</param>
    /// <param name="Word">What was said.</param>
    /// <param name="At">When, as a timestamp.</param>
    internal sealed record Goodbye(PairProtocol Protocol, string Word, long At);
}
