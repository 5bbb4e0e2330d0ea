using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Peers.Measuring;

namespace LoadBalancer.Peers.Contenders;

/// <summary>A contender that accepts connections, pinned to the proxy's core. Disposing ends its processes, each by its id.</summary>
internal sealed class RunningContender : IAsyncDisposable
{
    private readonly ChildProcess? _process;
    private string _config = "";
    private int _reloads;

    private RunningContender(Contender contender, Service service, int port, int sinkPort, ChildProcess? process)
    {
        Contender = contender;
        Service = service;
        Port = port;
        SinkPort = sinkPort;
        _process = process;
    }

    public Contender Contender { get; }

    public Service Service { get; }

    /// <summary>Leads to the endpoints that answer.</summary>
    public int Port { get; }

    /// <summary>Leads to the endpoints that only take; of <see cref="Service.Tcp"/> only.</summary>
    public int SinkPort { get; }

    /// <summary>Its log of requests; null where it keeps none.</summary>
    public RequestLog? RequestLog { get; private init; }

    /// <summary>How many requests with tokens it was sent: the next one brings the token behind the last, so that none comes again soon.</summary>
    public long TokensSent { get; set; }

    /// <summary>From the birth of its process to its first accepted connection.</summary>
    public TimeSpan StartedIn { get; private set; }

    /// <summary>The last lines that it printed.</summary>
    public string LastOutput => _process?.LastOutput ?? "";

    /// <summary>Its processes now; none where there is no proxy.</summary>
    public ProcessTree Tree => _process is null ? new ProcessTree([]) : ProcessTree.Of(_process.Id);

    /// <param name="contender">What to start.</param>
    /// <param name="service">What for.</param>
    /// <param name="program">Its file, found already; null for no proxy.</param>
    /// <param name="load">Where the endpoints are.</param>
    /// <param name="run">Cores, folder and clock of the run.</param>
    /// <param name="stop">Ends the waiting.</param>
    /// <exception cref="InvalidOperationException">It ended, or accepted nothing within 15 s; the message has its last output.</exception>
    public static async Task<RunningContender> StartAsync(
        Contender contender, Service service, string? program, LoadProcess load, RunContext run, CancellationToken stop)
    {
        if (program is null)
        {
            return new RunningContender(contender, service, (IsLayer4(service) ? load.EchoPorts : load.WebPorts)[0], load.SinkPorts[0], null);
        }

        var ports = FreePorts.Take(3);
        var folder = EmptyFolder(Path.Combine(run.Folder, $"{contender.Name}-{service}"));
        var config = contender.Template.Length == 0 ? "" : await ConfigureAsync(contender, service, folder, ports, load, run, stop);
        string[] redirect = service == Service.LoggedHttp && contender.LogsToOutput ? ["sh", "-c", "exec \"$@\" >>\"$0\"", AccessLog(folder)] : [];
        var born = run.Time.GetTimestamp();
        var process = ChildProcess.StartBounded(
            [
                "taskset", "-c", run.Cores.Proxy.ToString(CultureInfo.InvariantCulture), .. redirect,
                program, .. contender.Arguments.Select(a => Argument(a, config, ports[0])),
            ],
            folder,
            run.Time);
        var running = new RunningContender(contender, service, ports[0], ports[1], process)
        {
            RequestLog = service == Service.LoggedHttp ? new RequestLog(folder, run.Time) : null,
            _config = config,
        };
        try
        {
            await running.AcceptsAsync(ports[0], run.Time, stop);
            running.StartedIn = run.Time.GetElapsedTime(born);
            if (service == Service.Tcp && !contender.StartsOnly)
            {
                await running.AcceptsAsync(ports[1], run.Time, stop);
            }

            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    /// <summary>Loads its configuration again and again, each time with another route in it, until it is stopped.</summary>
    /// <exception cref="HttpRequestException">It refused to.</exception>
    public async Task KeepReloadingAsync(TimeSpan every, TimeProvider time, CancellationToken stop)
    {
        var socket = new UnixDomainSocketEndPoint(Path.Combine(Path.GetDirectoryName(_config)!, "admin.sock"));
        using var admin = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(socket, token);
                return new NetworkStream(connection, ownsSocket: true);
            },
        })
        {
            BaseAddress = new Uri("http://localhost"),
        };
        using var ticks = new PeriodicTimer(every, time);
        try
        {
            while (await ticks.WaitForNextTickAsync(stop))
            {
                _reloads++;
                var config = await File.ReadAllTextAsync(_config, stop);
                await File.WriteAllTextAsync(_config, config.Replace($"/changes/{(_reloads - 1) % 2}/", $"/changes/{_reloads % 2}/", StringComparison.Ordinal), stop);
                using var answer = await admin.PostAsync(new Uri("/reload", UriKind.Relative), null, stop);
                answer.EnsureSuccessStatusCode();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>The file that a contender's configuration is made from.</summary>
    public static string TemplateOf(Contender contender, Service service) =>
        Path.Combine(AppContext.BaseDirectory, "configs", IsLayer4(service) ? "tcp" : "http", contender.Template);

    private static bool IsLayer4(Service service) => service is Service.Tcp or Service.Tls;

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Writes its configuration and gives the file.</summary>
    private static async Task<string> ConfigureAsync(
        Contender contender, Service service, string folder, IReadOnlyList<int> ports, LoadProcess load, RunContext run, CancellationToken stop)
    {
        var config = Path.Combine(folder, contender.Template);
        var template = await File.ReadAllTextAsync(TemplateOf(contender, service), stop);
        await File.WriteAllTextAsync(config, Fill(template, service, folder, ports, load, BenchCertificate.In(folder), BenchTokens.KeyFileIn(run)), stop);
        return config;
    }

    /// <summary>A folder without an earlier run's files.</summary>
    private static string EmptyFolder(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        return Directory.CreateDirectory(path).FullName;
    }

    private static string AccessLog(string folder) => Path.Combine(folder, $"{RequestLog.Prefix}.log");

    private static string Argument(string argument, string config, int port) => argument
        .Replace("{config}", config, StringComparison.Ordinal)
        .Replace("{port}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private static string Fill(string template, Service service, string folder, IReadOnlyList<int> ports, LoadProcess load, BenchCertificate certificate, string tokenKey)
    {
        var secure = service is Service.Https or Service.Tls;
        var verifies = service is Service.Jwt or Service.JwtLimit or Service.Gateway;
        return ConfigTemplate.Fill(
            template,
            new Dictionary<string, string>
            {
                ["folder"] = folder,
                ["echo.port"] = $"{ports[0]}",
                ["sink.port"] = $"{ports[1]}",
                ["web.port"] = $"{ports[0]}",
                ["admin.port"] = $"{ports[2]}",
            },
            new Dictionary<string, IReadOnlyList<string>>
            {
                ["echo.endpoint"] = [.. load.EchoPorts.Select(port => $"127.0.0.1:{port}")],
                ["sink.endpoint"] = [.. load.SinkPorts.Select(port => $"127.0.0.1:{port}")],
                ["web.endpoint"] = [.. load.WebPorts.Select(port => $"127.0.0.1:{port}")],
                ["access.log"] = service == Service.LoggedHttp ? [AccessLog(folder)] : [],
                ["access.folder"] = service == Service.LoggedHttp ? [folder] : [],
                ["access.off"] = service == Service.LoggedHttp ? [] : ["off"],
                ["tls.certificate"] = secure ? [certificate.ChainFile] : [],
                ["tls.key"] = secure ? [certificate.KeyFile] : [],
                ["tls.pair"] = secure ? [$"{certificate.ChainFile} {certificate.KeyFile}"] : [],
                ["tls.json"] = secure ? [$$"""{"Path": "{{certificate.ChainFile}}", "KeyPath": "{{certificate.KeyFile}}"}"""] : [],
                ["tls.both"] = secure ? [certificate.CombinedFile] : [],
                ["jwt.key"] = verifies ? [tokenKey] : [],
                ["jwt.issuer"] = verifies ? [BenchTokens.Issuer] : [],
                ["jwt.audience"] = verifies ? [BenchTokens.Audience] : [],
                ["jwt.on"] = verifies ? ["on"] : [],
                ["jwt.bare"] = service is Service.Jwt or Service.JwtLimit ? [tokenKey] : [],
                ["gateway.key"] = service == Service.Gateway ? [tokenKey] : [],
                ["jwt.alone"] = service == Service.Jwt ? ["on"] : [],
                ["limit.client"] = service == Service.Limit ? ["on"] : [],
                ["limit.identity"] = service == Service.JwtLimit ? ["on"] : [],
                ["gateway.on"] = service == Service.Gateway ? ["on"] : [],
                ["guards.on"] = service == Service.Guarded ? ["on"] : [],
                ["guards.off"] = service == Service.Guarded ? [] : ["on"],
                ["routes.on"] = service == Service.Routes ? ["on"] : [],
                ["routes.many"] = service == Service.Routes ? [.. Enumerable.Repeat("v1", 10_000)] : [],
                ["cache.on"] = service == Service.Cache ? ["on"] : [],
                ["cache.off"] = service == Service.Cache ? [] : ["on"],
                ["route.plain"] = verifies || service is Service.Limit or Service.Cache or Service.Guarded or Service.Routes ? [] : ["on"],
                ["listen.clear"] = service is Service.Tcp or Service.Http or Service.LoggedHttp or Service.Limit or Service.Cache or Service.Guarded or Service.Routes || verifies ? ["true"] : [],
                ["listen.multiplexed"] = service == Service.Http2 ? ["true"] : [],
            });
    }

    private async Task AcceptsAsync(int port, TimeProvider time, CancellationToken stop)
    {
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < TimeSpan.FromSeconds(15))
        {
            if (_process!.HasEnded)
            {
                throw new InvalidOperationException($"{Contender.Name} ended at start:\n{_process.LastOutput}");
            }

            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port, stop);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1), time, stop);
            }
        }

        throw new InvalidOperationException($"{Contender.Name} accepted nothing on port {port} within 15 s:\n{_process!.LastOutput}");
    }
}
