using System.Diagnostics;
using System.Globalization;
using System.Net;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>A session of <c>psql</c>, open until it is disposed of.</summary>
internal sealed class PostgresSession : IDisposable
{
    private readonly Process _process;

    private PostgresSession(string host, int port) => _process = Process.Start(new ProcessStartInfo(
        PostgresServer.Program("psql"),
        ["-X", "-q", "-A", "-t", "-h", host, "-p", port.ToString(CultureInfo.InvariantCulture), "-U", PostgresServer.User, "-d", "postgres", "-v", "ON_ERROR_STOP=1"])
    { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;

    /// <summary>A session by TCP.</summary>
    public static PostgresSession Open(IPEndPoint address) => new(address.Address.ToString(), address.Port);

    /// <summary>A session by the Unix socket <c>.s.PGSQL.<paramref name="port"/></c> in <paramref name="folder"/>.</summary>
    public static PostgresSession Open(string folder, int port) => new(folder, port);

    /// <summary>True where a standby serves it, which is in recovery for as long as it replicates.</summary>
    public bool IsAtStandby => Ask("select pg_is_in_recovery()") == "t";

    /// <summary>The one value that <paramref name="query"/> gives.</summary>
    public string? Ask(string query)
    {
        Tell(query);
        return _process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMilliseconds(2 * Loopback.TimeoutMs)).GetAwaiter().GetResult();
    }

    /// <summary>What it says when it ends by an error, which the next query brings out.</summary>
    public string Fail()
    {
        try
        {
            Tell("select 1");
        }
        catch (IOException)
        {
            // It has ended already.
        }

        Assert.That(_process.WaitForExit(2 * Loopback.TimeoutMs), Is.True, "the session goes on");
        Assert.That(_process.ExitCode, Is.Not.Zero);
        return _process.StandardError.ReadToEnd();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            _process.WaitForExit(Loopback.TimeoutMs);
        }

        _process.Dispose();
    }

    private void Tell(string query)
    {
        _process.StandardInput.WriteLine($"{query};");
        _process.StandardInput.Flush();
    }
}
