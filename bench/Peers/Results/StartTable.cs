using System.Collections.Immutable;
using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Scenarios;

namespace LoadBalancer.Peers.Results;

/// <summary>The start scenario's table: how long each contender took and what it cost, beside an empty Kestrel app.</summary>
internal sealed class StartTable(StartScenario scenario, RunResult result, IReadOnlyList<Contender> contenders)
{
    public string ToMarkdown()
    {
        var yardstick = contenders.FirstOrDefault(c => c.StartsOnly)?.Name;
        var table = new MarkdownTable(
            ["contender", $"ms to {scenario.Unit}", "middle half", $"÷ {yardstick ?? Figures.None}", "CPU ms", "middle half", $"÷ {yardstick ?? Figures.None}", "starts"]);
        foreach (var name in contenders.Select(c => c.Name).Where(name => result.Starts.Any(s => s.Contender == name)))
        {
            table.Add([name, .. Cells(name, yardstick, s => s.WallMs), .. Cells(name, yardstick, s => s.CpuMs), $"{result.Starts.Count(s => s.Contender == name)}"]);
        }

        return $"## {scenario.Title} (`{scenario.Name}`)\n\n{table}\n";
    }

    private IEnumerable<string> Cells(string name, string? yardstick, Func<StartSample, double> value)
    {
        var series = Of(name, value);
        var quartiles = Quartiles.Of(series.All)!;
        var ratio = yardstick is null ? null : Ratio.Of(series, Of(yardstick, value));
        return
        [
            Figures.Number(quartiles.Median),
            Figures.Range(quartiles.Low, quartiles.High),
            name == yardstick ? "1" : ratio is null ? Figures.None : $"{Figures.Number(ratio.Value)} ({Figures.Range(ratio.LowestRound, ratio.HighestRound)})",
        ];
    }

    private Series Of(string name, Func<StartSample, double> value) => new(
        name, [.. result.Starts.Where(s => s.Contender == name).OrderBy(s => s.Round).Select(s => (ImmutableArray<double>)[value(s)])]);
}
