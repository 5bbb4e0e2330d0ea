using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>An endpoint in processes of its own, one shell script a connection: what the kernel does to a killed program's sockets, only a program can show.</summary>
internal sealed partial class EndpointProcess : IDisposable
{
    /// <summary>Says the name <c>a</c> and echoes.</summary>
    public const string Echo = "printf a; exec cat";

    private const int KillSignal = 9;
    private readonly Process _process;

    /// <summary>Listens at <see cref="Address"/> and runs <paramref name="script"/> for each connection, which is its standard input and output.</summary>
    public EndpointProcess(string script)
    {
        Address = Loopback.Refusing();

        // A session of its own, so that all of it can be killed at once.
        _process = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", $"exec systemd-socket-activate -l {Address} --accept --inetd sh -c '{script}' 2>/dev/null"]))!;
        Assert.That(Answers, Is.True.After(Loopback.TimeoutMs, 10), "the endpoint listens");
    }

    public EndPoint Address { get; }

    /// <summary>kill -9 of all its processes; when this returns, nothing of it runs any more.</summary>
    public void Kill()
    {
        Assert.That(Signal(-_process.Id, KillSignal), Is.Zero);
        _process.WaitForExit();
        Assert.That(() => Signal(-_process.Id, 0), Is.EqualTo(-1).After(Loopback.TimeoutMs, 1), "the processes of its connections are gone");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    private bool Answers()
    {
        try
        {
            Loopback.Connect(Address).Dispose();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}
