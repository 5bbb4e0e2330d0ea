using System.Globalization;
using System.Text.RegularExpressions;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>
/// Everything at once: machines are killed, frozen, slow, stalled, resetting, lying and drained, a name flips, the file is loaded again, refused and
/// rolled back, and the program replaced, under clients of every kind. CHAOS_SECONDS says for how long, CHAOS_SEED which run; what goes wrong is
/// told with the seed and the plan. A call that fails must have a reason in the access log to which something leads that was wrong at that moment.
/// When it is over nothing is left behind: in each process when it ends, and in the last one by comparison with itself.
/// </summary>
internal sealed partial class ChaosScenarios
{
    // Less than this has not each kind of fault in it.
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(Math.Max(30, Setting("CHAOS_SECONDS", 30)));
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // The same in CI every time: what was red there is red again when it is looked at, and no change is blamed for what another seed would have found before it.
    private static readonly int Seed = Setting("CHAOS_SEED", 1);

    private readonly ChaosFarm _farm = new();
    private readonly List<ChaosFailure> _failures = [];
    private readonly Dictionary<string, List<string>> _served = [];

    [OneTimeTearDown]
    public void End() => _farm.Dispose();

    [Test]
    public async Task After_everything_at_once_nothing_is_left_behind_and_every_failure_is_explained()
    {
        await _farm.StartAsync();
        await CallAsync("warm");

        // The first part has the upgrades. After it the last process has done all kinds of work: what it has then is what it needs.
        await RunAsync("run", Seed, Length * 2 / 3, upgrades: true);
        await _farm.HealAsync();
        await CallAsync("heal");
        var before = await RestAsync(null);
        await RunAsync("again", Seed + 1_000_000, Length / 3, upgrades: false);
        await _farm.HealAsync();

        // Circuit breakers close again by traffic; then all of it works as before. A machine that is busy otherwise may take some rounds.
        await CallAsync("closing");
        await UntilAsync(async () => [.. (await _farm.MetricsAsync("lb_upstream_circuit_state{")).Where(line => line.EndsWith(line.Contains("\"closed\"", StringComparison.Ordinal) ? " 0" : " 1", StringComparison.Ordinal))]);
        IReadOnlyList<ChaosFailure> last = [];
        for (var round = 1; round <= 3 && (last = await CallAsync($"after{round}")).Count > 0; round++)
        {
        }

        var after = await RestAsync(before);
        var lessUrgent = _farm.LessUrgent();
        _farm.Stop();
        await UntilAsync(() => Task.FromResult<IReadOnlyList<string>>([.. _farm.Processes.Where(process => !UpgradableLb.HasEnded(process)).Select(process => $"process {process}")]));
        Judge(before, after, last);
        Assert.That(lessUrgent, Is.Empty, "what reads a file has left its niceness to others");
    }

    private void Judge(ProcessReading before, ProcessReading after, IReadOnlyList<ChaosFailure> last)
    {
        var lines = _farm.Lines();
        var linesOf = lines.ToLookup(line => line.Key);
        var explanations = _farm.Explanations;
        var unexplained = _failures.Where(failure => !explanations.IsExplained(failure, linesOf[failure.Key])).ToList();
        var untold = _served.Where(kind => kind.Key != "tcp").SelectMany(kind => kind.Value).Where(id => linesOf[id].Count() != 1)
            .Concat(_served["tcp"].Where(client => !linesOf[client].Any())).ToList();
        var (log, stopped) = (_farm.Log, _farm.Log.Where(line => StoppedLine().IsMatch(line)).ToList());
        var busy = _farm.Windows.Where(window => window.Kind == "busy").Sum(window => (window.Until - window.From).TotalSeconds);
        var plan = $"seed {Seed}, {Length.TotalSeconds:0} s, plan:\n{string.Join('\n', _farm.Done.OrderBy(step => step.At))}\n";
        TestContext.Out.WriteLine($"seed {Seed}, {Length.TotalSeconds:0} s, of which this machine was too busy for {busy:0.0} s; served: {string.Join(", ", _served.OrderBy(kind => kind.Key).Select(kind => $"{kind.Key} {kind.Value.Count}"))}; failed: {_failures.Count}, of which {unexplained.Count} are not explained");
        TestContext.Out.WriteLine($"reasons: {string.Join(", ", lines.CountBy(line => line.Result).OrderByDescending(result => result.Value).Select(result => $"{result.Key} {result.Value}"))}");
        TestContext.Out.WriteLine($"at rest before: {before}\nat rest after: {after}\n{string.Join('\n', stopped)}\n{plan}");
        Assert.Multiple(() =>
        {
            Assert.That(unexplained, Is.Empty, () => $"{plan}{string.Join('\n', unexplained.Select(failure => $"{failure}\n    {string.Join("\n    ", linesOf[failure.Key].Select(line => $"{line.At.TotalSeconds:0.00} {line.Text}"))}"))}");
            Assert.That(untold, Is.Empty, () => $"{plan}calls that were answered and do not have one line in the access log");
            Assert.That(lines.Where(line => line.Result == "bug"), Is.Empty, plan);
            Assert.That(last, Is.Empty, plan);

            // Each kind of it has happened, and as it should have.
            Assert.That(_farm.Unexpected, Is.Empty, plan);
            Assert.That(_farm.Done.Select(step => Machine().Replace(step.What, "")), Is.SupersetOf(ChaosPlan.Everything), plan);
            Assert.That(_farm.Processes, Has.Count.AtLeast(2), plan);

            // Every process has ended with nothing in its hands.
            Assert.That(stopped, Has.Count.EqualTo(_farm.Processes.Count), () => $"{plan}{string.Join('\n', log)}");
            Assert.That(stopped.Where(line => !AllZero().IsMatch(line)), Is.Empty, plan);
            Assert.That(log.Where(line => line.Contains("xception", StringComparison.Ordinal) || line.Contains("lb itself", StringComparison.Ordinal)), Is.Empty, plan);
        });
    }

    [GeneratedRegex(@"^machine \d+: ")]
    private static partial Regex Machine();

    [GeneratedRegex(@"\bstopped\s+closed_at_the_deadline=")]
    private static partial Regex StoppedLine();

    [GeneratedRegex(@"closed_at_the_deadline=\d+ connections=0 leases=0 pending=0 pool_connections=0 copies=0 sockets=0 timers=0 buffers=0$")]
    private static partial Regex AllZero();

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    private async Task RunAsync(string name, int seed, TimeSpan length, bool upgrades)
    {
        using var clients = new ChaosClients(_farm, seed, name);
        clients.Start();
        await _farm.RunAsync(seed, length, upgrades);
        clients.Stop();
        Note(clients);
    }

    /// <summary>Some calls of every kind: those that failed.</summary>
    private async Task<IReadOnlyList<ChaosFailure>> CallAsync(string name)
    {
        using var clients = new ChaosClients(_farm, Seed, name);
        clients.Start();
        await UntilAsync(
            () => Task.FromResult<IReadOnlyList<string>>([.. ChaosClients.Kinds.Where(kind => !clients.Served.TryGetValue(kind, out var ids) || ids.Count < 10)]),
            () => $"{name}: is not served enough; {string.Join('\n', clients.Failures.Take(20))}");
        clients.Stop();
        Note(clients);
        return clients.Failures;
    }

    private void Note(ChaosClients clients)
    {
        _failures.AddRange(clients.Failures);
        foreach (var (kind, ids) in clients.Served)
        {
            (_served.TryGetValue(kind, out var all) ? all : _served[kind] = []).AddRange(ids);
        }
    }

    /// <summary>
    /// Waits until nothing is under way, every endpoint is used again and the old processes have ended, and what the one that serves then has is not more than
    /// it had <paramref name="before"/>; gives that.
    /// </summary>
    private async Task<ProcessReading> RestAsync(ProcessReading? before)
    {
        await UntilAsync(async () => [.. (await _farm.ReadAsync()).Unrest, .. await _farm.UnknownAsync(), .. _farm.Lingering().Select(process => $"process {process}")]);
        ProcessReading? reading = null;
        await UntilAsync(async () =>
        {
            // Twice: what has a finalizer goes with the second.
            await _farm.CollectAsync();
            await _farm.CollectAsync();
            reading = await _farm.ReadAsync();
            return before is null ? reading.Unrest : reading.More(before);
        });
        return reading!;
    }

    private async Task UntilAsync(Func<Task<IReadOnlyList<string>>> remains, Func<string>? more = null)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (await remains() is { Count: > 0 } rest)
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(Patience), () => $"this stays: {string.Join(", ", rest)}; {more?.Invoke()}; seed {Seed}, plan:\n{string.Join('\n', _farm.Done.OrderBy(step => step.At))}");
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }
    }
}
