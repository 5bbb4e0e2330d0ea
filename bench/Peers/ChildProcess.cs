using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using LoadBalancer.Peers.Contenders;

namespace LoadBalancer.Peers;

/// <summary>A process that this run started, bounded in time even if the run itself is killed.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int KeptLines = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromHours(2);
    // More than the 5 s after which timeout(1) kills what does not end.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    private readonly Process _process;
    private readonly TimeProvider _time;
    private readonly ConcurrentQueue<string> _lines = new();

    private ChildProcess(Process process, TimeProvider time)
    {
        _process = process;
        _time = time;
    }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    public string LastOutput => string.Join('\n', _lines);

    /// <summary>Starts a command under timeout(1), its output kept for <see cref="LastOutput"/>.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="home">What it takes for the user's folder, so that nothing is written outside of the run's.</param>
    /// <param name="time">The clock.</param>
    public static ChildProcess StartBounded(IEnumerable<string> command, string home, TimeProvider time)
    {
        var start = new ProcessStartInfo("timeout") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["HOME"] = start.Environment["XDG_CONFIG_HOME"] = start.Environment["XDG_DATA_HOME"] = home;
        var seconds = Limit.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        foreach (var argument in new[] { "--kill-after=5", seconds }.Concat(command))
        {
            start.ArgumentList.Add(argument);
        }

        var child = new ChildProcess(Process.Start(start)!, time);
        child._process.OutputDataReceived += (_, line) => child.Keep(line.Data);
        child._process.ErrorDataReceived += (_, line) => child.Keep(line.Data);
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Asks the tree to end, and kills by its id what is still there after <see cref="Patience"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        var tree = ProcessTree.Of(_process.Id);
        if (!_process.HasExited)
        {
            await SignalAsync("TERM", [_process.Id]);
            using var patience = new CancellationTokenSource(Patience, _time);
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                await SignalAsync("KILL", tree.Pids);
            }
        }

        _process.Dispose();
    }

    private static async Task SignalAsync(string signal, IEnumerable<int> pids)
    {
        var start = new ProcessStartInfo("kill") { RedirectStandardError = true };
        foreach (var argument in pids.Select(pid => pid.ToString(CultureInfo.InvariantCulture)).Prepend($"-{signal}"))
        {
            start.ArgumentList.Add(argument);
        }

        using var kill = Process.Start(start)!;
        await kill.WaitForExitAsync();
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        _lines.Enqueue(line);
        if (_lines.Count > KeptLines)
        {
            _lines.TryDequeue(out _);
        }
    }
}
