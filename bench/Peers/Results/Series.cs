using System.Collections.Immutable;

namespace LoadBalancer.Peers.Results;

/// <summary>What one contender cost in one scenario: a value for each kept piece (or idle sample), by round.</summary>
/// <param name="Contender">Its name.</param>
/// <param name="Rounds">The values of each round, in order; a round may have kept none.</param>
internal sealed record Series(string Contender, ImmutableArray<ImmutableArray<double>> Rounds)
{
    public IEnumerable<double> All => Rounds.SelectMany(round => round);

    public int Count => Rounds.Sum(round => round.Length);
}
