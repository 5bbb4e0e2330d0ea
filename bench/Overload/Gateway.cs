using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Overload;

/// <summary>A process of lb in front of the endpoint, with a route for each importance.</summary>
internal sealed class Gateway : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _folder;

    private Gateway(Process process, string folder, Uri address) => (_process, _folder, Address) = (process, folder, address);

    public Uri Address { get; }

    /// <summary>Starts it, and waits until it accepts.</summary>
    /// <param name="lb">The program, or its dll.</param>
    /// <param name="endpoint">Where it leads.</param>
    /// <param name="keys">Further keys of the upstream, each with a comma in front.</param>
    public static async Task<Gateway> StartAsync(string lb, Uri endpoint, string keys)
    {
        var folder = Directory.CreateTempSubdirectory("lb-overload").FullName;
        var port = FreePort();
        await File.WriteAllTextAsync(Path.Combine(folder, "lb.yaml"), string.Create(CultureInfo.InvariantCulture, $$"""
            listeners:
              web:
                bind: "127.0.0.1:{{port}}"
                http:
                  routes:
                    - {path: /high, upstream: app, shed: high}
                    - {path: /normal, upstream: app}
                    - {path: /low, upstream: app, shed: low}
            upstreams:
              app: {endpoints: "{{endpoint.Authority}}", health: {passive: off}{{keys}}}
            log: {access: off}
            """));
        string[] program = lb.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", lb] : [lb];
        var process = Process.Start(new ProcessStartInfo(program[0], [.. program[1..], "run", "-c", Path.Combine(folder, "lb.yaml")]))!;
        for (var patience = 0; !Accepts(port); patience++)
        {
            if (process.HasExited || patience == 200)
            {
                throw new InvalidOperationException("lb does not accept");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        return new Gateway(process, folder, new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")));
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool Accepts(int port)
    {
        using var client = new TcpClient();
        try
        {
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
