using LoadBalancer.Peers.Contenders;

namespace LoadBalancer.Peers.Results;

/// <summary>The columns that compare a contender with each peer and with the best of them, in one scenario.</summary>
internal sealed class PeerRatios
{
    private readonly IReadOnlyDictionary<string, Series> _costs;
    private readonly Contender[] _peers;
    private readonly string? _best;

    /// <param name="contenders">All contenders of the run.</param>
    /// <param name="costs">What each proxy cost, by its name.</param>
    public PeerRatios(IReadOnlyList<Contender> contenders, IReadOnlyDictionary<string, Series> costs)
    {
        _costs = costs;
        _peers = [.. contenders.Where(c => c.IsPeer && costs.ContainsKey(c.Name))];
        _best = _peers.Where(p => costs[p.Name].Count > 0).MinBy(p => Quartiles.Of(costs[p.Name].All)!.Median)?.Name;
    }

    public IEnumerable<string> Columns => [.. _peers.Select(p => $"÷ {p.Name}"), "÷ best peer"];

    public IEnumerable<string> Cells(Contender subject) => _peers.Select(p => (string?)p.Name).Append(_best).Select(peer => Cell(subject.Name, peer));

    /// <summary>The last of <see cref="Cells"/> alone: the comparison with the best peer.</summary>
    public string BestCell(Contender subject) => Cell(subject.Name, _best);

    /// <summary>The ratio of two contenders; null where one of them has no figures.</summary>
    public Ratio? Of(string subject, string reference) =>
        _costs.TryGetValue(subject, out var ours) && _costs.TryGetValue(reference, out var theirs) ? Ratio.Of(ours, theirs) : null;

    private string Cell(string subject, string? peer)
    {
        if (peer is null || Of(subject, peer) is not { } ratio)
        {
            return Figures.None;
        }

        return subject == peer ? "1"
            : ratio.IsTie ? $"tie ({Figures.Number(ratio.Value)})"
            : $"{Figures.Number(ratio.Value)} ({Figures.Range(ratio.LowestRound, ratio.HighestRound)})";
    }
}
