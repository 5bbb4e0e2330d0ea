using System.ComponentModel;
using System.Diagnostics;

namespace LoadBalancer.Daemon.Tests.Metrics;

/// <summary>Prometheus' own judge of a metrics page.</summary>
internal static class Promtool
{
    /// <summary>What <c>promtool check metrics</c> complains of; empty where the page is fine.</summary>
    public static string Check(byte[] page)
    {
        using var process = Start();
        process.StandardInput.BaseStream.Write(page);
        process.StandardInput.Close();
        var complaints = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? complaints : $"exit code {process.ExitCode}: {complaints}";
    }

    private static Process Start()
    {
        try
        {
            return Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception error)
        {
            throw new InvalidOperationException("this test needs promtool (Debian package prometheus); `make test` installs it", error);
        }
    }
}
