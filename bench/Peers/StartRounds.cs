using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Measuring;
using LoadBalancer.Peers.Results;
using LoadBalancer.Peers.Scenarios;

namespace LoadBalancer.Peers;

/// <summary>Rounds of starts: every contender is started, found to accept, and ended, one after the other.</summary>
internal sealed class StartRounds(Settings settings, RunContext run, Programs programs, LoadProcess load)
{
    private readonly List<StartSample> _samples = [];
    private readonly Contender[] _contenders = [.. programs.Starting.Where(c => c.CopyOf is null && c.Program is not null && c.Services.Contains(Service.Tcp))];

    public IReadOnlyList<StartSample> Samples => _samples;

    /// <exception cref="InvalidOperationException">A contender did not start.</exception>
    public async Task MeasureAsync(CancellationToken stop)
    {
        foreach (var scenario in settings.Scenarios.OfType<StartScenario>())
        {
            for (var round = 1; round <= settings.Starts; round++)
            {
                foreach (var contender in Schedule.Order(_contenders, round))
                {
                    await using var target = await RunningContender.StartAsync(contender, scenario.Service, programs.FileOf(contender), load, run, stop);
                    var cpu = ProcessClock.Of(target.Tree.Pids);
                    var sample = new StartSample(contender.Name, round, target.StartedIn.TotalMilliseconds, cpu.TotalMilliseconds);
                    _samples.Add(sample);
                    Console.Error.WriteLine($"round {round} {scenario.Name,-12} {contender.Name,-14} {sample.WallMs:0} ms, {sample.CpuMs:0} ms CPU");
                }
            }
        }
    }
}
