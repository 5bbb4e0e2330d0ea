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
        : this(folder, $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs: [{job_name: lb, static_configs: [{targets: ["{{target}}"]}]}]
            """)
    {
    }

    private Prometheus(string folder, string configuration)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "prometheus.yml"), configuration);
        var address = $"127.0.0.1:{FreePort()}";
        _client.BaseAddress = new Uri($"http://{address}");
        _process = Start(folder, address);
        _output = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts it with a configuration that comes with the product and the rules beside it, once a second and for another target.</summary>
    public static Prometheus OfSample(string folder, string sample, EndPoint target)
    {
        Directory.CreateDirectory(folder);
        foreach (var rules in Directory.EnumerateFiles(sample, "*.rules.yml"))
        {
            File.Copy(rules, Path.Combine(folder, Path.GetFileName(rules)));
        }

        return new Prometheus(folder, File.ReadAllText(Path.Combine(sample, "prometheus.yml"))
            .Replace("_interval: 15s", "_interval: 1s", StringComparison.Ordinal).Replace("127.0.0.1:9090", target.ToString(), StringComparison.Ordinal));
    }

    /// <summary>A port that was free a moment ago, for a program that cannot say which one it was given.</summary>
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Asks until a query gives a series; Prometheus may still be starting.</summary>
    public async Task UntilAsync(string query, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(60))
        {
            try
            {
                if ((await QueryAsync(query)).Count > 0)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet, or is not ready.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        Assert.Fail($"this never came: {what}");
    }

    /// <summary>The rules that could not be evaluated, with the reason.</summary>
    public async Task<List<string>> BrokenRulesAsync()
    {
        using var answer = JsonDocument.Parse(await _client.GetStringAsync(new Uri("/api/v1/rules", UriKind.Relative)));
        return [.. answer.RootElement.GetProperty("data").GetProperty("groups").EnumerateArray()
            .SelectMany(group => group.GetProperty("rules").EnumerateArray())
            .Where(rule => rule.GetProperty("health").GetString() == "err")
            .Select(rule => $"{rule.GetProperty("name")}: {rule.GetProperty("lastError")}")];
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
}
