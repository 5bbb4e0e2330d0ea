using System.Diagnostics;
using System.Runtime.InteropServices;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>The program in a process of its own, from a file that the test has written; killed at the end where it still runs.</summary>
internal sealed partial class RunningLb : IAsyncDisposable
{
    private const int Terminate = 15;

    private static int _count;

    private readonly ServiceManager _manager;
    private readonly Process _process;

    private RunningLb(TemporaryFolder folder, string config, string[] before, IEnumerable<(string Name, string Value)> environment)
    {
        _manager = new ServiceManager(folder[$"notify{Interlocked.Increment(ref _count)}.sock"]);
        string[] command = [.. before, Program, "run", "-c", config];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["NOTIFY_SOCKET"] = _manager.Path;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        Errors = _process.StandardError.ReadToEndAsync();
        _ = _process.StandardOutput.ReadToEndAsync();
    }

    /// <summary>The program that the tests were built with.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "lb");

    /// <summary>Its id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>What it wrote on standard error, once it has ended.</summary>
    public Task<string> Errors { get; }

    /// <summary>Starts it and waits until it is ready.</summary>
    public static Task<RunningLb> StartAsync(TemporaryFolder folder, string config, params (string Name, string Value)[] environment) =>
        StartAsync(folder, config, [], environment);

    /// <summary>The same with a command before its own, which becomes that.</summary>
    public static async Task<RunningLb> StartAsync(TemporaryFolder folder, string config, string[] before, params (string Name, string Value)[] environment)
    {
        var lb = new RunningLb(folder, config, before, environment);
        try
        {
            var ready = lb._manager.WaitForAsync("READY=1");
            if (await Task.WhenAny(ready, lb._process.WaitForExitAsync()) != ready)
            {
                Assert.Fail($"lb ended: {await lb.Errors}");
            }

            await ready;
            return lb;
        }
        catch
        {
            // Nobody else has it yet, so nobody else would end it.
            await lb.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it, for a test in which it does not become ready, and gives what it left.</summary>
    public static async Task<(int ExitCode, string Errors)> FailAsync(TemporaryFolder folder, string config)
    {
        await using var lb = new RunningLb(folder, config, [], []);
        await lb._process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (lb._process.ExitCode, await lb.Errors);
    }

    /// <summary>SIGTERM, and the end of what that begins.</summary>
    public async Task StopAsync()
    {
        Assert.That(Signal(_process.Id, Terminate), Is.Zero);
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>Ends it as by kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
        _manager.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}
