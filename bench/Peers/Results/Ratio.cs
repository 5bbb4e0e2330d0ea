namespace LoadBalancer.Peers.Results;

/// <summary>How a contender's median compares with another's, and how far single rounds went from that.</summary>
/// <param name="Value">Its median over all rounds by the other's; below 1 is cheaper.</param>
/// <param name="LowestRound">The lowest ratio of the two medians of one round.</param>
/// <param name="HighestRound">The highest.</param>
/// <param name="IsTie">True where the difference is too small for so few pieces.</param>
internal sealed record Ratio(double Value, double LowestRound, double HighestRound, bool IsTie)
{
    /// <summary>Below this, a difference needs <see cref="EnoughPieces"/> on each side to be believed.</summary>
    public const double TieBelow = 1.15;

    public const int EnoughPieces = 10;

    /// <summary>Null where either side has nothing to compare.</summary>
    public static Ratio? Of(Series subject, Series reference)
    {
        var ours = Quartiles.Of(subject.All);
        var theirs = Quartiles.Of(reference.All);
        if (ours is null || theirs is null || ours.Median <= 0 || theirs.Median <= 0)
        {
            return null;
        }

        var value = ours.Median / theirs.Median;
        var rounds = subject.Rounds.Zip(reference.Rounds)
            .Select(pair => (Ours: Quartiles.Of(pair.First), Theirs: Quartiles.Of(pair.Second)))
            .Where(pair => pair.Ours is not null && pair.Theirs is { Median: > 0 })
            .Select(pair => pair.Ours!.Median / pair.Theirs!.Median)
            .DefaultIfEmpty(value)
            .ToArray();
        var few = Math.Min(subject.Count, reference.Count) < EnoughPieces;
        return new Ratio(value, rounds.Min(), rounds.Max(), few && Math.Max(value, 1 / value) < TieBelow);
    }
}
