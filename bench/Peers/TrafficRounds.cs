using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Measuring;
using LoadBalancer.Peers.Results;
using LoadBalancer.Peers.Scenarios;

namespace LoadBalancer.Peers;

/// <summary>
/// Rounds of windows: every scenario with every contender, interleaved. Contenders stay up between their windows: they have nothing
/// to do then, and a restart would cost lb its compiled code.
/// </summary>
internal sealed class TrafficRounds(Settings settings, RunContext run, Programs programs, LoadProcess load)
{
    private readonly List<Window> _windows = [];
    private readonly TrafficScenario[] _scenarios = [.. settings.Scenarios.OfType<TrafficScenario>()];
    private readonly int[] _softirqPids = KernelThreads.Named($"ksoftirqd/{run.Cores.Proxy}");

    public IReadOnlyList<Window> Windows => _windows;

    /// <summary>Rounds that were made.</summary>
    public int Rounds { get; private set; }

    /// <exception cref="InvalidOperationException">A contender did not start, or ended under load.</exception>
    public async Task MeasureAsync(CancellationToken stop)
    {
        if (_scenarios.Max(scenario => (int?)scenario.Tokens) is > 0 and var tokens)
        {
            BenchTokens.Make(run, tokens);
        }

        var running = new List<RunningContender>();
        try
        {
            foreach (var (contender, service) in programs.Present.SelectMany(contender => contender.Services
                .Intersect(_scenarios.Select(s => s.Service)).Select(service => (contender, service))))
            {
                running.Add(await RunningContender.StartAsync(contender, service, programs.FileOf(contender), load, run, stop));
            }

            foreach (var (target, scenario) in running.SelectMany(target => _scenarios
                .Where(scenario => scenario.Service == target.Service).Select(scenario => (target, scenario))))
            {
                var (_, end) = await load.MeasureAsync(scenario, target, 0, settings.WarmUp(target.Contender), [], stop);
                await UnloggedAsync(target, end, stop);
            }

            while (Remaining() is { Length: > 0 } scenarios)
            {
                Rounds++;
                foreach (var (scenario, target) in scenarios.SelectMany(scenario => Schedule
                    .Order([.. running.Where(target => target.Service == scenario.Service)], Rounds).Select(target => (scenario, target))))
                {
                    var window = await MeasureWindowAsync(scenario, target, stop);
                    _windows.Add(window);
                    Tell(scenario, window);
                }
            }
        }
        finally
        {
            foreach (var target in running)
            {
                await target.DisposeAsync();
            }
        }
    }

    /// <summary>The scenarios of the next round: all, then those with too few fast pieces to show a small difference.</summary>
    private TrafficScenario[] Remaining()
    {
        if (Rounds < settings.Rounds)
        {
            return _scenarios;
        }

        var speed = CoreSpeed.Of(_windows.SelectMany(w => w.Pieces));
        return Rounds >= settings.MaxRounds ? [] : [.. _scenarios.Where(scenario => programs.Present.Any(contender => contender.Services.Contains(scenario.Service) && Lacks(scenario, contender)))];

        bool Lacks(TrafficScenario scenario, Contender contender) => contender.Program is not null && Ratio.EnoughPieces > _windows
            .Where(w => w.Scenario == scenario.Name && w.Contender == contender.Name)
            .Sum(w => w.Pieces.Count(speed.Keeps));
    }

    private async Task<Window> MeasureWindowAsync(TrafficScenario scenario, RunningContender target, CancellationToken stop)
    {
        var timeWait = SocketCounts.TimeWait();
        var tree = target.Tree;
        var (user, system) = tree.Ticks();
        var loadTicks = load.Tree.Ticks();
        var (proxyCore, loadCore) = (CoreTimes.Of(run.Cores.Proxy), CoreTimes.Of(run.Cores.Load));

        using var measured = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var reloading = scenario.ReloadEvery is { } every ? target.KeepReloadingAsync(every, run.Time, measured.Token) : Task.CompletedTask;
        var (pieces, end) = await load.MeasureAsync(scenario, target, settings.PiecesPerWindow, settings.Settle, _softirqPids, stop);
        await measured.CancelAsync();
        await reloading;

        if (!target.Tree.Pids.SequenceEqual(tree.Pids))
        {
            throw new InvalidOperationException(
                $"{target.Contender.Name} lost or gained a process in {scenario.Name}, so its CPU time is unknown:\n{target.LastOutput}");
        }

        var (userAfter, systemAfter) = tree.Ticks();
        var loadAfter = load.Tree.Ticks();
        var proxyTicks = userAfter - user + (systemAfter - system);
        var calibrationTicks = CalibrationSeconds(pieces) * CoreTimes.TicksPerSecond;
        var window = new Window
        {
            Scenario = scenario.Name,
            Contender = target.Contender.Name,
            Round = Rounds,
            Pieces = pieces,
            Errors = end.Errors,
            P99Ns = end.P99Ns,
            Reason = end.Reason,
            UserShare = (double)(userAfter - user) / Math.Max(1, proxyTicks),
            ProxyCore = CoreTimes.Of(run.Cores.Proxy).Since(proxyCore, proxyTicks + calibrationTicks),
            LoadCore = CoreTimes.Of(run.Cores.Load).Since(loadCore, loadAfter.User + loadAfter.System - loadTicks.User - loadTicks.System - calibrationTicks),
            TimeWaitBefore = timeWait,
        };
        var unlogged = await UnloggedAsync(target, end, stop);
        return unlogged == 0 ? window : window with { Pieces = [], Errors = end.Errors + unlogged, Reason = $"{unlogged} of {end.Done} requests were not logged" };
    }

    /// <summary>Completed requests that a contender which should log them did not.</summary>
    private static async Task<long> UnloggedAsync(RunningContender target, WindowEnd end, CancellationToken stop) =>
        target.RequestLog is { } log ? Math.Max(0, end.Done - await log.CountAsync(end.Done, stop)) : 0;

    /// <summary>What the load process worked on the proxy's core: six units at every boundary, the first of them not timed.</summary>
    private static double CalibrationSeconds(IReadOnlyCollection<Piece> pieces) =>
        pieces.Count == 0 ? 0 : 6 * (pieces.Sum(p => p.CalibrationBeforeNs) + pieces.Last().CalibrationAfterNs) / 1e9;

    private static void Tell(TrafficScenario scenario, Window window)
    {
        var cost = Quartiles.Of(window.Pieces.Where(p => p.IsComplete).Select(p => p.CpuNs / 1000.0 * scenario.CountsPerUnit / p.Done))?.Median;
        var outcome = window.Errors > 0 ? $"{window.Errors} ERRORS: {window.Reason}" : $"{cost:0.00} µs per {scenario.Unit}";
        Console.Error.WriteLine($"round {window.Round} {scenario.Name,-12} {window.Contender,-14} {outcome}");
    }
}
