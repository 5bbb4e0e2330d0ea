using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>A machine of the farm: <see cref="ChaosEndpoint"/> in a process that is killed and started again at the same address. One thread.</summary>
/// <param name="address">Its address.</param>
/// <param name="ports">Its ports of HTTP/1.1, HTTP/2, TCP, and HTTP/1.1 in TLS.</param>
/// <param name="certificate">The files of its certificate and key.</param>
internal sealed class ChaosMachine(IPAddress address, int[] ports, (string Certificate, string Key) certificate) : IDisposable
{
    private Process? _process;

    /// <summary>Its address.</summary>
    public IPAddress Address => address;

    /// <summary>Starts it and waits until it serves.</summary>
    public void Start()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ChaosMachine).Assembly.Location, $"{address}", .. ports.Select(port => port.ToString(CultureInfo.InvariantCulture)), certificate.Certificate, certificate.Key])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_TieredPGO"] = "0";
        _process = Process.Start(start)!;
        var said = _process.StandardOutput.ReadLine();
        if (said != "ready")
        {
            throw new InvalidOperationException($"an endpoint at {address} did not start");
        }
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>SIGSTOP: the kernel takes connections and bytes, and nobody answers.</summary>
    public void Freeze() => UpgradableLb.Signal(_process!.Id, "STOP");

    /// <summary>SIGCONT.</summary>
    public void Thaw() => UpgradableLb.Signal(_process!.Id, "CONT");

    /// <summary>How it behaves from now on.</summary>
    public void Behave(string mode) => _process!.StandardInput.WriteLine(mode);

    public void Dispose()
    {
        if (_process is not null)
        {
            Kill();
        }
    }
}
