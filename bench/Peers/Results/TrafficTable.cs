using System.Collections.Immutable;
using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Measuring;
using LoadBalancer.Peers.Scenarios;

namespace LoadBalancer.Peers.Results;

/// <summary>One scenario's table: what each contender cost, with the ratios to the peers and the noise.</summary>
internal sealed class TrafficTable(TrafficScenario scenario, RunResult result, IReadOnlyList<Contender> contenders, CoreSpeed speed)
{
    private readonly Window[] _windows = [.. result.Windows.Where(w => w.Scenario == scenario.Name)];

    /// <summary>Those that took part: not everybody does both layers.</summary>
    private readonly Contender[] _contenders = [.. contenders.Where(c => result.Windows.Any(w => w.Scenario == scenario.Name && w.Contender == c.Name))];

    public string ToMarkdown()
    {
        var ratios = Ratios(speed.Keeps, Cost);
        var allRatios = Ratios(p => p.IsComplete, Cost);
        var allP99 = Ratios(p => p.IsComplete, p => p.P99Ns / 1000.0);
        string[] compared = scenario.Without is not { } without ? []
            : scenario.HasLatency ? [$"CPU ÷ {without}", $"all ÷ {without}", $"p99 ÷ {without}", $"whole windows: p99 ÷ {without}"]
            : [$"CPU ÷ {without}", $"all ÷ {without}"];
        string[] latencies = scenario.HasLatency ? ["p50 µs", "p99 µs", "all pieces: p50 µs", "p99 µs", "p99 ÷ best", "added p99 µs", "whole windows: p99 µs"] : [];
        var table = new MarkdownTable(
        [
            "contender", $"CPU µs per {scenario.Unit}", "middle half", .. ratios.Columns,
            "all pieces", "all ÷ best", "own code", "core", $"{scenario.Unit}/s", .. latencies, .. compared, "pieces",
        ]);
        foreach (var contender in _contenders)
        {
            table.Add(Row(contender, ratios, allRatios, allP99));
        }

        return $"## {scenario.Title} (`{scenario.Name}`)\n\n{table}\n{Noise(ratios, "")}{Noise(allRatios, ", all pieces")}";
    }

    private IEnumerable<string> Row(Contender contender, PeerRatios ratios, PeerRatios allRatios, PeerRatios allP99)
    {
        var windows = _windows.Where(w => w.Contender == contender.Name).ToArray();
        var pieces = windows.SelectMany(w => w.Pieces).ToArray();
        var kept = pieces.Where(speed.Keeps).ToArray();
        var complete = pieces.Where(p => p.IsComplete).ToArray();
        var isProxy = contender.Program is not null;
        var cost = isProxy ? Quartiles.Of(Values(contender, speed.Keeps, Cost).All) : null;
        var allPieces = isProxy ? Quartiles.Of(Values(contender, p => p.IsComplete, Cost).All) : null;
        string[] latencies = scenario.HasLatency
            ?
            [
                Figures.Whole(Median(kept, p => p.P50Ns / 1000.0)), Figures.Whole(Median(kept, p => p.P99Ns / 1000.0)),
                Figures.Whole(Median(complete, p => p.P50Ns / 1000.0)), Figures.Whole(Median(complete, p => p.P99Ns / 1000.0)),
                allP99.BestCell(contender), Figures.Whole(AddedP99(contender)), Figures.Whole(WholeP99(contender.Name, scenario.Name)),
            ]
            : [];
        string[] compared = [];
        if (scenario.Without is { } without)
        {
            var p99 = P99(contender.Name, scenario.Name) / P99(contender.Name, without);
            compared =
            [
                Figures.Number(cost?.Median / CostIn(without, contender, speed.Keeps)), Figures.Number(allPieces?.Median / CostIn(without, contender, p => p.IsComplete)),
                .. scenario.HasLatency ? [Figures.Number(p99), Figures.Number(WholeP99(contender.Name, scenario.Name) / WholeP99(contender.Name, without))] : Array.Empty<string>(),
            ];
        }

        return
        [
            contender.Name,
            Figures.Number(cost?.Median),
            Figures.Range(cost?.Low, cost?.High),
            .. ratios.Cells(contender),
            Figures.Number(allPieces?.Median),
            allRatios.BestCell(contender),
            Figures.Percent(isProxy ? Quartiles.Of(windows.Select(w => w.UserShare))?.Median : null),
            Figures.Percent(isProxy ? Median(kept, p => (double)p.CpuNs / p.WallNs) : null),
            Figures.Whole(Median(kept, p => p.Done / scenario.CountsPerUnit * 1e9 / p.WallNs)),
            .. latencies,
            .. compared,
            $"{kept.Length}/{pieces.Length}",
        ];
    }

    /// <summary>What the same program twice differed by: less than that is no difference.</summary>
    private string Noise(PeerRatios ratios, string of) => string.Concat(_contenders
        .Where(c => c.CopyOf is not null)
        .Select(c => (c.CopyOf, Ratio: ratios.Of(c.Name, c.CopyOf!)))
        .Where(pair => pair.Ratio is not null)
        .Select(pair => $"Noise{of}: {pair.CopyOf} beside itself is {Figures.Number(pair.Ratio!.Value)} "
            + $"(rounds {Figures.Range(pair.Ratio.LowestRound, pair.Ratio.HighestRound)}).\n\n"));

    /// <summary>What a proxy's p99 exceeds that of the load side alone by, over all pieces; null where that was not measured.</summary>
    private double? AddedP99(Contender contender) => contender.Program is null
        ? null
        : P99(contender.Name, scenario.Name) - _contenders.Where(c => c.Program is null).Select(c => P99(c.Name, scenario.Name)).FirstOrDefault();

    /// <summary>The median of the windows' own.</summary>
    private double? WholeP99(string contender, string inScenario) =>
        Quartiles.Of(result.Windows.Where(w => w.Scenario == inScenario && w.Contender == contender && w.P99Ns > 0).Select(w => w.P99Ns / 1000.0))?.Median;

    /// <summary>Over all pieces of all rounds.</summary>
    private double? P99(string contender, string inScenario) =>
        Median([.. result.Windows.Where(w => w.Scenario == inScenario && w.Contender == contender).SelectMany(w => w.Pieces).Where(p => p.IsComplete)], p => p.P99Ns / 1000.0);

    /// <summary>The median cost of a unit in another scenario of this run; null where it was not measured.</summary>
    private double? CostIn(string otherScenario, Contender contender, Func<Piece, bool> keeps) =>
        Median([.. result.Windows.Where(w => w.Scenario == otherScenario && w.Contender == contender.Name).SelectMany(w => w.Pieces).Where(keeps)], Cost);

    private PeerRatios Ratios(Func<Piece, bool> keeps, Func<Piece, double> value) =>
        new(_contenders, _contenders.Where(c => c.Program is not null).ToDictionary(c => c.Name, c => Values(c, keeps, value)));

    /// <summary>CPU time for each unit, in microseconds.</summary>
    private double Cost(Piece piece) => piece.CpuNs / 1000.0 * scenario.CountsPerUnit / piece.Done;

    private Series Values(Contender contender, Func<Piece, bool> keeps, Func<Piece, double> value) => new(
        contender.Name,
        [
            .. Enumerable.Range(1, result.Rounds).Select(round => _windows
                .Where(w => w.Contender == contender.Name && w.Round == round)
                .SelectMany(w => w.Pieces)
                .Where(keeps)
                .Select(value)
                .ToImmutableArray()),
        ]);

    private static double? Median(Piece[] pieces, Func<Piece, double> value) => Quartiles.Of(pieces.Select(value))?.Median;
}
