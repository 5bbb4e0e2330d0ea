using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace LoadBalancer.Daemon.Tests.Metrics;

/// <summary>A real Prometheus that scrapes one address once a second, until it is disposed.</summary>
internal sealed class Prometheus : IDisposable
{
    private readonly Process _process;
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly Task _output;

    /// <summary>Starts it with its data in <paramref name="folder"/>.</summary>
    public Prometheus(string folder, EndPoint target)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "prometheus.yml"), $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs: [{job_name: lb, static_configs: [{targets: ["{{target}}"]}]}]
            """);
        var address = $"127.0.0.1:{FreePort()}";
        _client.BaseAddress = new Uri($"http://{address}");
        _process = Start(folder, address);
        _output = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>The series that a query gives now.</summary>
    public async Task<List<JsonElement>> QueryAsync(string query)
    {
        using var answer = JsonDocument.Parse(await _client.GetStringAsync(new Uri($"/api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative)));
        return [.. answer.RootElement.GetProperty("data").GetProperty("result").Clone().EnumerateArray()];
    }

    /// <summary>Why the latest scrape failed; empty where it did not.</summary>
    public async Task<string> ScrapeErrorAsync()
    {
        using var answer = JsonDocument.Parse(await _client.GetStringAsync(new Uri("/api/v1/targets", UriKind.Relative)));
        return answer.RootElement.GetProperty("data").GetProperty("activeTargets")[0].GetProperty("lastError").GetString()!;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _output.Wait();
        _process.Dispose();
        _client.Dispose();
    }

    private static Process Start(string folder, string address)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("prometheus",
                [$"--config.file={folder}/prometheus.yml", $"--storage.tsdb.path={folder}/data", $"--web.listen-address={address}"])
            {
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception error)
        {
            throw new InvalidOperationException("this test needs prometheus (Debian package prometheus); `make test` installs it", error);
        }
    }

    // Prometheus cannot say which port it was given, so it is told one that was free a moment ago.
    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
