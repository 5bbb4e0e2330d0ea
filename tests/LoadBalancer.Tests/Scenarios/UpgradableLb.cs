using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>
/// The program in processes of its own that replace one another, called by a path of the test's: what is there is what the next one is. It has
/// a state folder, an admin socket and a service manager.
/// </summary>
internal sealed class UpgradableLb : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HashSet<int> _processes = [];
    private Process? _first;

    public UpgradableLb()
    {
        Manager = new ServiceManager(_folder["notify.sock"]);
        Install(RunningLb.Program);
    }

    /// <summary>What it tells the service manager.</summary>
    public ServiceManager Manager { get; }

    /// <summary>A path in its folder.</summary>
    public string this[string name] => _folder[name];

    /// <summary>The path of the program.</summary>
    public string Program => _folder["lb"];

    /// <summary>The process that has the state folder.</summary>
    public int ProcessId => int.Parse(File.ReadAllText(Path.Combine(_folder["state"], "pid")), CultureInfo.InvariantCulture);

    /// <summary>The process that was started by the test, where no command is around it.</summary>
    public int FirstProcessId => _first!.Id;

    /// <summary>How that one ends.</summary>
    public async Task<int> FirstExitCodeAsync()
    {
        await _first!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return _first.ExitCode;
    }

    /// <summary>Puts a link to a program where the next process is started from.</summary>
    public void Install(string program)
    {
        File.Delete(Program);
        File.CreateSymbolicLink(Program, program);
    }

    /// <summary>Puts a script there.</summary>
    public void InstallScript(string script)
    {
        File.Delete(Program);
        File.WriteAllText(Program, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Writes the configuration: what the test says, and what this adds.</summary>
    /// <param name="yaml">What the test says.</param>
    /// <param name="keeps">False for one without a state folder.</param>
    public void Write(string yaml, bool keeps = true)
    {
        // In one step: a process that begins just now reads one file or the other.
        File.WriteAllText(_folder["lb.yaml.new"], Whole(yaml, keeps));
        File.Move(_folder["lb.yaml.new"], _folder["lb.yaml"], overwrite: true);
    }

    private string Whole(string yaml, bool keeps) => $$"""
        {{yaml.TrimEnd()}}
        admin: {bind: "unix:{{_folder["admin.sock"]}}"}
        {{(keeps ? $"state: {{dir: {_folder["state"]} }}" : "")}}
        {{(yaml.Contains("\nlog:", StringComparison.Ordinal) ? "" : "log: {access: off}")}}
        """;

    /// <summary>Starts the first one and waits until it is ready.</summary>
    /// <param name="command">The shell command around the program's own.</param>
    public async Task StartAsync(Func<string, string>? command = null)
    {
        var own = $"{Program} run -c {_folder["lb.yaml"]}";
        var start = new ProcessStartInfo("bash", ["-c", command?.Invoke(own) ?? $"exec {own}"]);
        start.Environment["NOTIFY_SOCKET"] = Manager.Path;
        _first = Process.Start(start)!;
        if (command is null)
        {
            await Manager.WaitForAsync("READY=1");
        }
    }

    /// <summary>Asks for an upgrade.</summary>
    /// <returns>The status, and the process that serves or why there is no other.</returns>
    public async Task<(HttpStatusCode Status, int ProcessId, string Error)> UpgradeAsync(string within = "60s")
    {
        NoteProcess();
        var (status, answer) = await PostAsync($"/upgrade?within={within}");
        var process = answer.TryGetProperty("process_id", out var id) ? id.GetInt32() : 0;
        NoteProcess();
        if (process > 0)
        {
            _processes.Add(process);
        }

        return (status, process, process > 0 ? "" : answer.GetProperty("error").GetString()!);
    }

    /// <summary>Asks whoever serves for a change.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Answer)> PostAsync(string target)
    {
        using var admin = AdminClient.Over(_folder["admin.sock"]);
        using var response = await admin.PostAsync(new Uri(target, UriKind.Relative), null);
        return (response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync()));
    }

    /// <summary>/metrics of whoever serves.</summary>
    public async Task<string> MetricsAsync()
    {
        using var admin = AdminClient.Over(_folder["admin.sock"]);
        return await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative));
    }

    /// <summary>Waits until /metrics of whoever serves has these lines.</summary>
    public async Task UntilAsync(params string[] lines)
    {
        var began = TimeProvider.System.GetTimestamp();
        var metrics = await MetricsAsync();
        while (!lines.All(line => metrics.Contains(line, StringComparison.Ordinal)))
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(30)), string.Join('\n', metrics.Split('\n').Where(line => line.StartsWith("lb_upgrade", StringComparison.Ordinal))));
            await Loopback.PauseAsync();
            metrics = await MetricsAsync();
        }
    }

    /// <summary>/status of whoever serves.</summary>
    public async Task<JsonElement> StatusAsync()
    {
        using var admin = AdminClient.Over(_folder["admin.sock"]);
        return JsonElement.Parse(await admin.GetStringAsync(new Uri("/status", UriKind.Relative)));
    }

    /// <summary>Sends a signal to a process.</summary>
    public static void Signal(int process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Makes a named pipe.</summary>
    public static void MakePipe(string path)
    {
        using var make = Process.Start("mkfifo", [path]);
        make.WaitForExit();
    }

    /// <summary>True where a process has ended.</summary>
    public static bool HasEnded(int process)
    {
        try
        {
            // One that nobody has waited for yet is still listed.
            return File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose()
    {
        NoteProcess();
        foreach (var process in _processes.Where(process => !HasEnded(process)))
        {
            Signal(process, "KILL");
        }

        if (_first is { HasExited: false })
        {
            _first.Kill(entireProcessTree: true);
        }

        _first?.Dispose();
        Manager.Dispose();
        _folder.Dispose();
    }

    private void NoteProcess()
    {
        if (File.Exists(Path.Combine(_folder["state"], "pid")))
        {
            _processes.Add(ProcessId);
        }
    }
}
