using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>A real PostgreSQL server on a port and a Unix socket of its own. It refuses to run as root; a test that does gives it the user that its package brought.</summary>
internal sealed partial class PostgresServer : IDisposable
{
    /// <summary>The server's own superuser, who needs no password in these tests.</summary>
    public const string User = "postgres";

    private const int KillSignal = 9;
    private const int FastShutdown = 2;

    private readonly string _folder;
    private readonly string _name;
    private Process? _process;

    private PostgresServer(string folder, string name)
    {
        _folder = folder;
        _name = name;
        Address = (IPEndPoint)Loopback.Refusing();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Its Unix socket.</summary>
    public string SocketPath => Path.Combine(_folder, $".s.PGSQL.{Address.Port}");

    private string Data => Path.Combine(_folder, _name);

    /// <summary>A folder that the servers' user may write to.</summary>
    public static string NewFolder()
    {
        var folder = Directory.CreateTempSubdirectory("lb-pg-").FullName;
        if (Environment.IsPrivilegedProcess)
        {
            Run("chown", User, folder);
        }

        return folder;
    }

    /// <summary>A new, empty server.</summary>
    public static PostgresServer Create(string folder)
    {
        var server = new PostgresServer(folder, "primary");
        Run([.. AsServer("initdb"), "-D", server.Data, "-U", User, "-A", "trust", "--no-sync", "--no-instructions", "--locale=C", "--encoding=UTF8"]);
        return server;
    }

    /// <summary>A standby that replicates from this server, which runs.</summary>
    public PostgresServer CreateStandby()
    {
        var standby = new PostgresServer(_folder, "standby");
        Run([.. AsServer("pg_basebackup"), "-D", standby.Data, "-h", "127.0.0.1", "-p", Port, "-U", User, "-R", "-X", "stream", "-c", "fast", "--no-sync"]);
        return standby;
    }

    private string Port => Address.Port.ToString(CultureInfo.InvariantCulture);

    /// <summary>Starts it and waits until it answers.</summary>
    public void Start()
    {
        Launch();
        Assert.That(() => Answers(), Is.True.After(2 * Loopback.TimeoutMs, 50), () => $"the {_name} answers; its log: {File.ReadAllText(Log)}");
    }

    /// <summary>kill -9 of the server: its processes see that it is gone and end without a word, and the kernel ends their connections.</summary>
    public void Kill() => End(KillSignal);

    /// <summary>Stops it in order, where it runs; its sessions end.</summary>
    public void Stop()
    {
        if (_process is not null)
        {
            End(FastShutdown);
        }
    }

    public void Dispose() => Stop();

    private string Log => Path.Combine(_folder, $"{_name}.log");

    private void Launch() => _process = Process.Start(new ProcessStartInfo("sh", ["-c",
        $"exec {string.Join(' ', AsServer("postgres"))} -D {Data} -h 127.0.0.1 -p {Port} -k {_folder} -c fsync=off -c shared_buffers=8MB -c max_connections=30 >> {Log} 2>&1"]))!;

    private void End(int signal)
    {
        Assert.That(Signal(_process!.Id, signal), Is.Zero);
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>The path of one of PostgreSQL's programs, which Debian keeps in a folder of each version.</summary>
    internal static string Program(string name) =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin", name)).Where(File.Exists).Order().LastOrDefault() ?? name
            : name;

    // setpriv becomes the program, so that its process is the one that is started here.
    private static string[] AsServer(string program) => Environment.IsPrivilegedProcess
        ? ["setpriv", $"--reuid={User}", $"--regid={User}", "--clear-groups", Program(program)]
        : [Program(program)];

    private static void Run(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, $"{string.Join(' ', command)}: {errors}{output.Result}");
    }

    private bool Answers()
    {
        if (_process!.HasExited)
        {
            // It does not start while a process of the one that was killed is still about to end.
            _process.Dispose();
            Launch();
        }

        using var process = Process.Start(new ProcessStartInfo(Program("pg_isready"), ["-q", "-h", "127.0.0.1", "-p", Port]))!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}
