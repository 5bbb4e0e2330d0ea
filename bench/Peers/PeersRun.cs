using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Measuring;
using LoadBalancer.Peers.Results;

namespace LoadBalancer.Peers;

/// <summary>A run from its options to its report: find the contenders → start the load → traffic → idle memory → starts → report.</summary>
internal sealed class PeersRun(Settings settings, RunContext run)
{
    /// <summary>Endpoints of each kind: enough that ports which wait in TIME_WAIT do not run out at any of them.</summary>
    private const int Endpoints = 8;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>The process's work and its exit code: 0 measured, 1 exchanges failed, 2 could not be measured, 130 stopped.</summary>
    public static async Task<int> FromOptionsAsync(PeersOptions options)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            var settings = Settings.From(options);
            var folder = Directory.CreateDirectory(options.Output).FullName;
            return await new PeersRun(settings, new RunContext(settings.Cores, folder, TimeProvider.System)).ExecuteAsync(stop.Token);
        }
        catch (Exception e) when (e is UsageException or InvalidOperationException)
        {
            Console.Error.WriteLine($"bench-peers: {e.Message}");
            return 2;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("bench-peers: stopped");
            return 130;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    private async Task<int> ExecuteAsync(CancellationToken stop)
    {
        var started = run.Time.GetUtcNow();
        var programs = await Programs.FindAsync(settings.Contenders, stop);
        await using var load = await LoadProcess.StartAsync(run, Endpoints, stop);
        var traffic = new TrafficRounds(settings, run, programs, load);
        await traffic.MeasureAsync(stop);
        var idle = new IdleRounds(settings, run, programs, load);
        await idle.MeasureAsync(stop);
        var starts = new StartRounds(settings, run, programs, load);
        await starts.MeasureAsync(stop);

        var result = new RunResult
        {
            StartedAt = started.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
            Machine = Machine.Current(),
            Cores = run.Cores,
            Rounds = traffic.Rounds,
            PiecesPerWindow = settings.PiecesPerWindow,
            Quick = settings.Quick,
            Versions = programs.Versions,
            Windows = [.. traffic.Windows],
            Idle = [.. idle.Samples],
            Starts = [.. starts.Samples],
        };
        var report = new Report(result, programs.Starting, settings.Scenarios).ToMarkdown();
        var file = Path.Combine(run.Folder, started.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture));
        await File.WriteAllTextAsync($"{file}.json", JsonSerializer.Serialize(result, Json), stop);
        await File.WriteAllTextAsync($"{file}.md", report, stop);
        Console.Write(report);
        Console.Error.WriteLine($"raw windows: {file}.json");
        return result.Windows.Any(w => w.Errors > 0) ? 1 : 0;
    }
}
