using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>The program in a process of its own, with one listener, on a Unix socket or a port: what only a process can show.</summary>
internal sealed partial class LbProcess : IDisposable
{
    private const int Hangup = 1;
    private const int Terminate = 15;
    private const int User1 = 10;
    private const int NumberOfFiles = 7;

    private readonly TemporaryFolder _folder = new();
    private readonly ServiceManager _manager;
    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly HttpClient _admin;

    private LbProcess(EndPoint endpoint, Func<string, string, string> command, bool tcp, string loops, string layer = "tcp", string more = "")
    {
        _manager = new ServiceManager(_folder["notify.sock"]);
        _admin = AdminClient.Over(_folder["admin.sock"]);
        Address = tcp ? Loopback.Refusing() : new UnixDomainSocketEndPoint(ListenerPath);
        File.WriteAllText(_folder["lb.yaml"], $$"""
            listeners: {all: {bind: "{{(tcp ? Address : $"unix:{ListenerPath}")}}", {{layer}}: {upstream: all} }{{more}} }
            upstreams: {all: {endpoints: ["{{endpoint}}"]} }
            admin: {bind: "unix:{{_folder["admin.sock"]}}"}
            log: {access: {{AccessPath}}}
            shutdown: {unready_for: 0s}
            transport: {loops: {{loops}}}
            """);
        var start = new ProcessStartInfo("bash") { RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(command($"{Program} run -c {_folder["lb.yaml"]}", ListenerPath));
        start.Environment["NOTIFY_SOCKET"] = _manager.Path;
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.Append(line.Data).Append('\n');
            }
        };
        _process.BeginErrorReadLine();
    }

    /// <summary>What it tells the service manager.</summary>
    public ServiceManager Manager => _manager;

    /// <summary>Where it accepts.</summary>
    public EndPoint Address { get; }

    /// <summary>The path of its listener's socket.</summary>
    public string ListenerPath => _folder["all.sock"];

    /// <summary>The path of its connection log.</summary>
    public string AccessPath => _folder["access.json"];

    /// <summary>Whether it lives, and what it wrote on standard error so far: for the message of a test that fails.</summary>
    public string Condition
    {
        get
        {
            lock (_errors)
            {
                return $"{(_process.HasExited ? $"lb has ended with exit code {_process.ExitCode}" : "lb runs")}; it wrote:\n{_errors}";
            }
        }
    }

    /// <summary>How many descriptors it has open.</summary>
    public int Descriptors => Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>Its memory that is in RAM, in MiB.</summary>
    public double ResidentMiB => File.ReadLines($"/proc/{_process.Id}/status").Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024).Single();

    private static string Program => Path.Combine(AppContext.BaseDirectory, "lb");

    /// <summary>Starts the program in front of <paramref name="endpoint"/> and waits until it is ready.</summary>
    /// <param name="endpoint">Where its connections lead.</param>
    /// <param name="command">The shell command around the program's own; it ends in an exec, so that signals arrive.</param>
    /// <param name="tcp">True for a listener on a port of its own.</param>
    /// <param name="loops">Its event loops.</param>
    /// <param name="layer">What it does with connections: <c>tcp</c> or <c>http</c>.</param>
    /// <param name="more">More listeners, each after a comma.</param>
    public static async Task<LbProcess> StartAsync(
        EndPoint endpoint, Func<string, string>? command = null, bool tcp = false, string loops = "auto", string layer = "tcp", string more = "")
    {
        var process = new LbProcess(endpoint, (lb, _) => command?.Invoke(lb) ?? $"exec {lb}", tcp, loops, layer, more);
        try
        {
            await process._manager.WaitForAsync("READY=1");
            return process;
        }
        catch (OperationCanceledException)
        {
            process.Dispose();
            throw new TimeoutException($"lb is not ready: {process.Condition}");
        }
    }

    /// <summary>The same without waiting, for a program that is started by its first connection.</summary>
    /// <param name="endpoint">Where its connections lead.</param>
    /// <param name="command">The shell command, of the program's own and of the path of its listener's socket.</param>
    public static LbProcess Launch(EndPoint endpoint, Func<string, string, string> command) => new(endpoint, command, tcp: false, loops: "auto");

    /// <summary>/status.</summary>
    public async Task<JsonElement> StatusAsync() =>
        JsonDocument.Parse(await _admin.GetStringAsync(new Uri("/status", UriKind.Relative))).RootElement;

    /// <summary>/status, over a connection that was not open before.</summary>
    public async Task<JsonElement> FreshStatusAsync()
    {
        using var admin = AdminClient.Over(_folder["admin.sock"]);
        return JsonDocument.Parse(await admin.GetStringAsync(new Uri("/status", UriKind.Relative)).WaitAsync(TimeSpan.FromSeconds(30))).RootElement;
    }

    /// <summary>How often its loops have turned, all together.</summary>
    public Task<double> TurnsAsync() => SumAsync("lb_loop_turns_total{");

    /// <summary>Waits until <paramref name="holds"/> is true of /status.</summary>
    public async Task UntilAsync(Func<JsonElement, bool> holds, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!holds(await StatusAsync()))
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(30)), $"this never came: {what}");
            await Loopback.PauseAsync();
        }
    }

    /// <summary>Lets it have no more than so many descriptors beyond those that are open, and waits until it knows.</summary>
    public async Task LimitDescriptorsAsync(int more)
    {
        var number = Descriptors + more;

        var limits = new ulong[2];
        Assert.That(ProcessLimit(_process.Id, NumberOfFiles, null, limits), Is.Zero);
        limits[0] = (ulong)number;
        Assert.That(ProcessLimit(_process.Id, NumberOfFiles, limits, null), Is.Zero);
        var began = TimeProvider.System.GetTimestamp();
        while (await SumAsync("process_max_fds ") != number)
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(30)), $"it does not notice its limit of descriptors; {Condition}");
            await Loopback.PauseAsync();
        }
    }

    /// <summary>SIGHUP.</summary>
    public void Reload() => Assert.That(Kill(_process.Id, Hangup), Is.Zero);

    /// <summary>SIGUSR1.</summary>
    public void Reopen() => Assert.That(Kill(_process.Id, User1), Is.Zero);

    /// <summary>SIGTERM, and the exit code with what it wrote on standard error.</summary>
    public async Task<(int ExitCode, string Errors)> StopAsync()
    {
        Assert.That(Kill(_process.Id, Terminate), Is.Zero);
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));

        // To the end of standard error, which the wait above does not see to where it has a limit.
        _process.WaitForExit();
        lock (_errors)
        {
            return (_process.ExitCode, _errors.ToString());
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        _admin.Dispose();
        _manager.Dispose();
        _folder.Dispose();
    }

    /// <summary>The sum of the samples on /metrics that begin so.</summary>
    public async Task<double> SumAsync(string begin) => (await _admin.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n')
        .Where(line => line.StartsWith(begin, StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.IndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int ProcessLimit(int process, int resource, [In] ulong[]? limits, [Out] ulong[]? old);
}
