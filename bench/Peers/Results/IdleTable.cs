using System.Collections.Immutable;
using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Scenarios;

namespace LoadBalancer.Peers.Results;

/// <summary>The idle scenario's table: resident memory that each contender grew by.</summary>
internal sealed class IdleTable(IdleScenario scenario, RunResult result, IReadOnlyList<Contender> contenders)
{
    private readonly IdleSample[] _samples = [.. result.Idle.Where(s => s.Scenario == scenario.Name)];

    public string ToMarkdown()
    {
        var present = contenders.Where(c => _samples.Any(s => s.Contender == c.Name)).ToArray();
        var costs = present.ToDictionary(c => c.Name, Growth);
        var ratios = new PeerRatios(present, costs);
        var table = new MarkdownTable(
            ["contender", $"KiB per {scenario.Unit}", "lowest to highest", .. ratios.Columns, "MiB before", "samples"]);
        foreach (var contender in present)
        {
            var growth = costs[contender.Name];
            var before = _samples.Where(s => s.Contender == contender.Name).Select(s => s.BeforeBytes / 1048576.0);
            table.Add(
            [
                contender.Name,
                Figures.Number(Quartiles.Of(growth.All)?.Median),
                Figures.Range(growth.All.Min(), growth.All.Max()),
                .. ratios.Cells(contender),
                Figures.Number(Quartiles.Of(before)?.Median),
                $"{growth.Count}",
            ]);
        }

        return $"## {scenario.Title} (`{scenario.Name}`)\n\n{table}\n";
    }

    private Series Growth(Contender contender) => new(
        contender.Name,
        [.. _samples.Where(s => s.Contender == contender.Name).OrderBy(s => s.Round).Select(s => (ImmutableArray<double>)[s.BytesPerConnection / 1024])]);
}
