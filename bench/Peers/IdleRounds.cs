using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Measuring;
using LoadBalancer.Peers.Results;
using LoadBalancer.Peers.Scenarios;

namespace LoadBalancer.Peers;

/// <summary>
/// Rounds of idle connections. Every contender is started afresh, warmed up, and then grows by what it keeps for connections that
/// exchanged one message each: what it grows to with any load at all is not part of it.
/// </summary>
internal sealed class IdleRounds(Settings settings, RunContext run, Programs programs, LoadProcess load)
{
    private readonly List<IdleSample> _samples = [];

    /// <summary>How long memory may settle before it is read.</summary>
    private readonly TimeSpan _calm = TimeSpan.FromSeconds(settings.Quick ? 0.2 : 2);

    public IReadOnlyList<IdleSample> Samples => _samples;

    /// <exception cref="InvalidOperationException">A contender did not start, or refused a connection.</exception>
    public async Task MeasureAsync(CancellationToken stop)
    {
        foreach (var scenario in settings.Scenarios.OfType<IdleScenario>())
        {
            var contenders = programs.Present.Where(c => c.Program is not null && c.Services.Contains(scenario.Service)).ToArray();
            for (var round = 1; round <= settings.IdleRounds; round++)
            {
                foreach (var contender in Schedule.Order(contenders, round))
                {
                    var sample = await SampleAsync(scenario, contender, round, stop);
                    _samples.Add(sample);
                    Console.Error.WriteLine(
                        $"round {round} {scenario.Name,-12} {contender.Name,-14} {sample.BytesPerConnection / 1024:0.00} KiB per {scenario.Unit}");
                }
            }
        }
    }

    private async Task<IdleSample> SampleAsync(IdleScenario scenario, Contender contender, int round, CancellationToken stop)
    {
        await using var target = await RunningContender.StartAsync(contender, scenario.Service, programs.FileOf(contender), load, run, stop);
        await load.MeasureAsync(scenario.WarmUp, target, 0, settings.WarmUp(contender), [], stop);
        await Task.Delay(_calm, run.Time, stop);
        var before = target.Tree.ResidentBytes();
        await load.HoldAsync(target, scenario, stop);
        await Task.Delay(_calm, run.Time, stop);
        var holding = target.Tree.ResidentBytes();
        await load.ReleaseAsync(stop);
        return new IdleSample(scenario.Name, contender.Name, round, scenario.Connections, before, holding);
    }
}
