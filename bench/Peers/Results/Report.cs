using System.Text;
using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Measuring;
using LoadBalancer.Peers.Scenarios;

namespace LoadBalancer.Peers.Results;

/// <summary>A run in Markdown: where it ran, a table for each scenario, and what makes it doubtful.</summary>
internal sealed class Report(RunResult result, IReadOnlyList<Contender> contenders, IReadOnlyList<Scenario> scenarios)
{
    /// <summary>Others on a core beyond this part of its time make the figures doubtful.</summary>
    private const double Disturbing = 0.03;

    private readonly CoreSpeed _speed = result.Quick ? CoreSpeed.Any : CoreSpeed.Of(result.Windows.SelectMany(w => w.Pieces));
    private readonly Contender[] _proxies = [.. contenders.Where(contender => !contender.StartsOnly)];
    private readonly StringBuilder _text = new();

    public string ToMarkdown()
    {
        Head();
        foreach (var scenario in scenarios)
        {
            _text.Append(scenario switch
            {
                TrafficScenario traffic => new TrafficTable(traffic, result, _proxies, _speed).ToMarkdown(),
                IdleScenario idle => new IdleTable(idle, result, _proxies).ToMarkdown(),
                StartScenario start => new StartTable(start, result, contenders).ToMarkdown(),
                _ => throw new ArgumentException($"no table for {scenario.GetType().Name}", nameof(scenarios)),
            });
        }

        Doubts();
        return _text.ToString();
    }

    private void Head()
    {
        var pieces = result.Windows.SelectMany(w => w.Pieces).ToArray();
        Line($"# lb and its peers, {result.StartedAt}");
        Line();
        Line($"- {result.Machine.Processor}, {result.Machine.Processors} processors; {result.Machine.System}, Linux {result.Machine.Kernel}");
        foreach (var (name, version) in result.Versions)
        {
            Line($"- {name}: {version}");
        }

        if (pieces.Length > 0)
        {
            Traffic(pieces);
        }

        Line();
    }

    private void Traffic(Piece[] pieces)
    {
        Line($"- {result.Rounds} rounds, windows of {Figures.Number(result.PiecesPerWindow * Settings.Piece.TotalSeconds)} s; "
            + $"the proxy alone on core {result.Cores.Proxy}, clients and endpoints on core {result.Cores.Load}");
        Line(result.Quick
            ? "- **a smoke run: pieces of every speed are used, and the figures mean nothing**"
            : $"- the proxy's core ran at its fast speed in {pieces.Count(_speed.IsFast)} of {pieces.Length} pieces; only these are used, but for the column \"all pieces\"");
    }

    private void Doubts()
    {
        foreach (var window in result.Windows.Where(w => w.Errors > 0))
        {
            Line($"- **{window.Errors} errors**: {window.Contender}, {window.Scenario}, round {window.Round}: {window.Reason}");
        }

        Disturbance("the proxy's core", w => w.ProxyCore);
        Disturbance("the load core", w => w.LoadCore);
        foreach (var windows in result.Windows.GroupBy(w => (w.Contender, w.Scenario)))
        {
            var pieces = windows.SelectMany(w => w.Pieces).ToArray();
            var share = (double)pieces.Sum(p => p.KernelNs) / Math.Max(1, pieces.Sum(p => p.CpuNs));
            if (share is > 0.02 and < 1)
            {
                Line($"- ksoftirqd on the proxy's core used another {Figures.Percent(share)} beside {windows.Key.Contender} in {windows.Key.Scenario}; it is charged to nobody");
            }
        }
    }

    private void Disturbance(string core, Func<Window, CoreDisturbance> of)
    {
        var others = result.Windows.Select(w => of(w).Others).DefaultIfEmpty().Average();
        var stolen = result.Windows.Select(w => of(w).Stolen).DefaultIfEmpty().Average();
        if (others > Disturbing || stolen > Disturbing)
        {
            Line($"- **Others used {core}**: processes outside the run {Figures.Percent(others)} of its time, the hypervisor {Figures.Percent(stolen)}. Repeat on a quiet machine.");
        }
    }

    private void Line(string line = "") => _text.Append(line).Append('\n');
}
