using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Scenarios;

namespace LoadBalancer.Peers.Measuring;

/// <summary>
/// The clients, the endpoints and the meter: native/load.c, compiled for this run, on the load core. One command at a time.
/// It ends by itself when this process does, because its input ends.
/// </summary>
internal sealed class LoadProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>What the load process takes at most to open idle connections and to use them.</summary>
    private static readonly TimeSpan HoldAtMost = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly TimeProvider _time;
    private readonly string _folder;

    private LoadProcess(Process process, RunContext run)
    {
        _process = process;
        _time = run.Time;
        _folder = run.Folder;
    }

    /// <summary>The endpoints that answer; they live as long as the run, so that no proxy finds one gone.</summary>
    public IReadOnlyList<int> EchoPorts { get; private set; } = [];

    /// <summary>The endpoints that only take.</summary>
    public IReadOnlyList<int> SinkPorts { get; private set; } = [];

    /// <summary>The endpoints that answer requests of HTTP.</summary>
    public IReadOnlyList<int> WebPorts { get; private set; } = [];

    public ProcessTree Tree => ProcessTree.Of(_process.Id);

    /// <param name="run">Cores, folder and clock of the run.</param>
    /// <param name="endpoints">How many of each kind: the proxies balance over them.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <exception cref="InvalidOperationException">The C compiler is missing or refused.</exception>
    public static async Task<LoadProcess> StartAsync(RunContext run, int endpoints, CancellationToken stop)
    {
        var program = Path.Combine(run.Folder, "load");
        await CompileAsync(program, stop);

        // timeout(1) gives it a process group of its own: Ctrl-C reaches the run alone, which then ends everything in order.
        var start = new ProcessStartInfo("timeout") { RedirectStandardInput = true, RedirectStandardOutput = true };
        string[] arguments =
        [
            "7200", program,
            "--proxy-core", $"{run.Cores.Proxy}",
            "--load-core", $"{run.Cores.Load}",
            "--endpoints", $"{endpoints}",
        ];
        Array.ForEach(arguments, start.ArgumentList.Add);
        var load = new LoadProcess(Process.Start(start)!, run);
        var ready = (await load.LineAsync(TimeSpan.Zero, stop)).Split(' ');
        if (ready[0] != "ready")
        {
            throw new InvalidOperationException($"the load process did not start: {string.Join(' ', ready)}");
        }

        load.EchoPorts = Ports(ready[1]);
        load.SinkPorts = Ports(ready[2]);
        load.WebPorts = Ports(ready[3]);
        return load;
    }

    /// <summary>Runs traffic and measures it piece by piece. No pieces: a warm-up.</summary>
    public async Task<(ImmutableArray<Piece> Pieces, WindowEnd End)> MeasureAsync(
        TrafficScenario scenario, RunningContender target, int pieces, TimeSpan settle, IEnumerable<int> kernelPids, CancellationToken stop)
    {
        var length = settle + (pieces * Settings.Piece);
        await SendAsync(
            $"window kind={scenario.Kind} protocol={scenario.Protocol} port={(scenario.ToSink ? target.SinkPort : target.Port)} "
            + $"connections={scenario.Connections} streams={scenario.Streams} size={scenario.Size} rate={scenario.Rate} slow={scenario.Slow} flood={scenario.Flood} addresses={scenario.Addresses} "
            + $"tokens={scenario.Tokens} first_token={target.TokensSent} token_file={Path.Combine(_folder, BenchTokens.FileName)} pieces={pieces} piece_ms={Settings.Piece.TotalMilliseconds:0} "
            + $"settle_ms={settle.TotalMilliseconds:0} pids={string.Join(',', target.Tree.Pids)} kernel_pids={string.Join(',', kernelPids)}",
            stop);
        var made = ImmutableArray.CreateBuilder<Piece>();
        while (true)
        {
            var line = await LineAsync(length, stop);
            if (!line.StartsWith("piece ", StringComparison.Ordinal))
            {
                var end = WindowEnd.Parse(line);
                target.TokensSent += scenario.Tokens > 0 ? end.Done + scenario.Connections : 0;
                return (made.ToImmutable(), end);
            }

            made.Add(Piece.Parse(line));
        }
    }

    /// <summary>Opens idle connections, until <see cref="ReleaseAsync"/>.</summary>
    /// <exception cref="InvalidOperationException">Not all could be opened or used.</exception>
    public async Task HoldAsync(RunningContender target, IdleScenario scenario, CancellationToken stop)
    {
        await SendAsync($"hold protocol={scenario.Protocol} port={target.Port} connections={scenario.Connections} streams=1 size=100", stop);
        var line = await LineAsync(HoldAtMost, stop);
        if (line != "held")
        {
            throw new InvalidOperationException($"{target.Contender.Name} did not hold {scenario.Connections} connections: {WindowEnd.Parse(line).Reason}");
        }
    }

    public async Task ReleaseAsync(CancellationToken stop)
    {
        await SendAsync("release", stop);
        await LineAsync(TimeSpan.Zero, stop);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience, _time);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private static async Task CompileAsync(string program, CancellationToken stop)
    {
        var sources = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "native"), "*.c");
        var start = new ProcessStartInfo("cc", ["-std=c11", "-O2", "-Wall", "-Wextra", "-o", program, .. sources, "-lssl", "-lcrypto"]) { RedirectStandardError = true };
        using var compiler = Process.Start(start) ?? throw new InvalidOperationException("cc did not start");
        var errors = await compiler.StandardError.ReadToEndAsync(stop);
        await compiler.WaitForExitAsync(stop);
        if (compiler.ExitCode != 0)
        {
            throw new InvalidOperationException($"the C compiler refused native/*.c:\n{errors}");
        }
    }

    private static IReadOnlyList<int> Ports(string list) =>
        [.. list.Split('=')[1].Split(',').Select(port => int.Parse(port, CultureInfo.InvariantCulture))];

    private async Task SendAsync(string command, CancellationToken stop)
    {
        await _process.StandardInput.WriteLineAsync(command.AsMemory(), stop);
        await _process.StandardInput.FlushAsync(stop);
    }

    /// <summary>The next line, awaited for the time that the command takes and some more.</summary>
    private async Task<string> LineAsync(TimeSpan expected, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(expected + Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
        try
        {
            return await _process.StandardOutput.ReadLineAsync(either.Token) ?? throw new InvalidOperationException("the load process ended");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new InvalidOperationException("the load process does not answer");
        }
    }
}
