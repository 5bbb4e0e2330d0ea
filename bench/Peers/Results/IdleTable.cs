using System.Collections.Immutable;
using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Scenarios;

namespace LoadBalancer.Peers.Results;

/// <summary>The idle scenario's table: resident memory that each contender grew by.</summary>
internal sealed class IdleTable(IdleScenario scenario, RunResult result, IReadOnlyList<Contender> contenders)
{
    public string ToMarkdown()
    {
        var present = contenders.Where(c => result.Idle.Any(s => s.Contender == c.Name)).ToArray();
        var costs = present.ToDictionary(c => c.Name, Growth);
        var ratios = new PeerRatios(present, costs);
        var table = new MarkdownTable(
            ["contender", $"KiB per {scenario.Unit}", "lowest to highest", .. ratios.Columns, "MiB before", "samples"]);
        foreach (var contender in present)
        {
            var growth = costs[contender.Name];
            var before = result.Idle.Where(s => s.Contender == contender.Name).Select(s => s.BeforeBytes / 1048576.0);
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
        [.. result.Idle.Where(s => s.Contender == contender.Name).OrderBy(s => s.Round).Select(s => (ImmutableArray<double>)[s.BytesPerConnection / 1024])]);
}
