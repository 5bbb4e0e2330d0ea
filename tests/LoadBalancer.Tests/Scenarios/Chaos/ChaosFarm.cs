// One file: all that is asked about and all that is done to it share the windows in which it was done.
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Discovery.Dns;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Discovery.Dns;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>lb with three machines behind it and a name server, what can be done to them, and when it was.</summary>
internal sealed class ChaosFarm : IDisposable
{
    private const string Name = "found.internal";
    private const int Machines = 3;
    private const int Calm = 6;

    /// <summary>What an old process has for what is open in it, and what it then takes at most to end.</summary>
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(8);

    private readonly int[] _ports = [.. Enumerable.Range(0, 4).Select(_ => ((IPEndPoint)Loopback.Refusing()).Port)];
    private readonly string[] _addresses = [.. Enumerable.Range(1, Machines).Select(number => $"127.0.1.{number}")];
    private readonly ChaosMachine[] _machines;
    private readonly CertificateFolder _certificates = new();
    private readonly FakeNameServer _dns = new();
    private readonly UpgradableLb _lb = new();
    private readonly List<int> _processes = [];
    private readonly ConcurrentQueue<ChaosStep> _done = [];
    private readonly ConcurrentQueue<ChaosWindow> _windows = [];
    private readonly ConcurrentQueue<string> _unexpected = [];
    private readonly Dictionary<string, ChaosWindow> _open = [];
    private readonly SemaphoreSlim _file = new(1);
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private readonly DateTimeOffset _beganAt = TimeProvider.System.GetUtcNow();
    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _pulse;
    private int _version;

    public ChaosFarm()
    {
        _certificates.Write("own", "localhost");
        _certificates.Write("next", "localhost");
        _machines = [.. _addresses.Select(address => new ChaosMachine(IPAddress.Parse(address), _ports, (_certificates["own.pem"], _certificates["own.key"])))];
        _pulse = new Thread(Feel) { IsBackground = true };
    }

    /// <summary>Where HTTP is accepted.</summary>
    public EndPoint Web { get; } = Loopback.Refusing();

    /// <summary>Where HTTP in TLS is.</summary>
    public EndPoint Secure { get; } = Loopback.Refusing();

    /// <summary>Where bytes are.</summary>
    public EndPoint Tcp { get; } = Loopback.Refusing();

    /// <summary>The run's clock.</summary>
    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_began);

    /// <summary>What was done, and what it came to where that was not what it should.</summary>
    public IReadOnlyCollection<ChaosStep> Done => _done;

    /// <summary>Changes that did not end as they should.</summary>
    public IReadOnlyCollection<string> Unexpected => _unexpected;

    /// <summary>When what was wrong.</summary>
    public IReadOnlyCollection<ChaosWindow> Windows => _windows;

    /// <summary>The processes of lb, one after the other.</summary>
    public IReadOnlyList<int> Processes => _processes;

    /// <summary>What lb has written on standard error.</summary>
    public string[] Log => File.ReadAllLines(_lb["errors"]);

    /// <summary>The explanations of what was wrong.</summary>
    public ChaosExplanations Explanations => new(_windows, _addresses);

    /// <summary>The access log.</summary>
    public List<ChaosLine> Lines() => [.. File.ReadLines(_lb["access.json"]).Select(line => ChaosLine.Parse(line, _beganAt))];

    /// <summary>Starts all of it.</summary>
    public async Task StartAsync()
    {
        Parallel.ForEach(_machines, machine => machine.Start());
        _dns.Serve(Name, ttl: 0, _addresses);
        Write(1);
        await _lb.StartAsync(own => $"exec {own} 2>>{_lb["errors"]}");
        try
        {
            await _lb.Manager.WaitForAsync("READY=1");
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"lb is not ready: {string.Join('\n', Log)}");
        }

        _processes.Add(_lb.ProcessId);
        _pulse.Start();

        // A version to roll back to.
        await LoadAsync("file 0");
    }

    /// <summary>What goes wrong, for so long: each timeline of the plan at its own pace.</summary>
    public async Task RunAsync(int seed, TimeSpan length, bool upgrades)
    {
        var end = Elapsed + length;
        await Task.WhenAll(
        [
            .. _machines.Select((machine, at) => FollowAsync(end, ChaosPlan.OfMachine(seed, at, Machines, length), 2 * Machines, step => HappenAsync(machine, at, step))),
            FollowAsync(end, ChaosPlan.OfChanges(seed, "name", 0.7, ChaosPlan.Names, length), ChaosPlan.Names.Length, NameAsync),
            FollowAsync(end, ChaosPlan.OfChanges(seed, "file", 1.5, ChaosPlan.Files, length), ChaosPlan.Files.Length, LoadAsync),
            FollowAsync(end, upgrades ? ChaosPlan.OfChanges(seed, "upgrade", Math.Min(15, length.TotalSeconds / 2.5), ["again"], length) : [], 1, UpgradeAsync),
        ]);
    }

    /// <summary>Nothing is wrong any more, and the file is one of quiet times: as the first, with few probes, whose sockets come and go.</summary>
    public async Task HealAsync()
    {
        _dns.Silent = false;
        _dns.Serve(Name, ttl: 0, _addresses);
        End("nameless", "");
        Array.ForEach(_addresses, address => End("absent", address));
        await LoadAsync($"file {Calm}");
    }

    /// <summary>The metrics of whoever serves.</summary>
    public async Task<ProcessReading> ReadAsync()
    {
        using var admin = AdminClient.Over(_lb["admin.sock"]);
        return new ProcessReading(await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative)));
    }

    /// <summary>What whoever serves does not know of the farm: a name may be asked for again only after a while.</summary>
    public async Task<IReadOnlyList<string>> UnknownAsync() => (await MetricsAsync("lb_endpoint_available{upstream=\"found\"")).Count == Machines ? [] : ["machines that the name does not have yet"];

    /// <summary>The lines of whoever serves that begin so.</summary>
    public async Task<IReadOnlyList<string>> MetricsAsync(string begin)
    {
        using var admin = AdminClient.Over(_lb["admin.sock"]);
        return [.. (await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n').Where(line => line.StartsWith(begin, StringComparison.Ordinal))];
    }

    /// <summary>Makes whoever serves collect its garbage.</summary>
    public async Task CollectAsync()
    {
        var before = (await ReadAsync()).FullCollections;
        DiagnosticPort.CollectGarbage(_lb.ProcessId);
        Assert.That(async () => (await ReadAsync()).FullCollections, Is.GreaterThan(before).After(Loopback.TimeoutMs, 20), "a full collection");
    }

    /// <summary>Threads of whoever serves that are less urgent than others, where nothing is read or built any more. Two of the runtime may be, until they had nothing to do for a while: the collector's, which who reads a file has started, and the compiler's.</summary>
    public IReadOnlyList<KernelThread> LessUrgent() => KernelThread.LessUrgent(_lb.ProcessId).FindAll(thread => thread.Name is not (".NET BGC" or CompilerThread.Name));

    /// <summary>Old processes that have not ended.</summary>
    public IReadOnlyList<int> Lingering() => [.. _processes.Where(process => process != _lb.ProcessId && !UpgradableLb.HasEnded(process))];

    /// <summary>SIGTERM to whoever serves.</summary>
    public void Stop() => UpgradableLb.Signal(_lb.ProcessId, "TERM");

    public void Dispose()
    {
        _ended.Set();
        _lb.Dispose();
        Array.ForEach(_machines, machine => machine.Dispose());
        _dns.Dispose();
        _certificates.Dispose();
        _file.Dispose();
    }

    // How late this machine is with what it was asked for: whatever has a time limit may then miss it.
    private void Feel()
    {
        var pause = TimeSpan.FromMilliseconds(50);
        for (var before = Elapsed; !_ended.Wait(pause); before = Elapsed)
        {
            if (Elapsed - before > pause + ChaosExplanations.Busy)
            {
                _windows.Enqueue(new ChaosWindow(before, "busy") { Until = Elapsed });
            }
        }
    }

    // What comes late makes all behind it late, so that a fault lasts as long as it should. What is then beyond the end is left out, but for ends and for what
    // each run has to have.
    private async Task FollowAsync(TimeSpan end, IReadOnlyList<ChaosStep> steps, int least, Func<string, Task> act)
    {
        var (began, done) = (Elapsed, 0);
        foreach (var step in steps)
        {
            if (Elapsed > end && done >= least && !step.What.Contains(": end of ", StringComparison.Ordinal))
            {
                break;
            }

            if (began + step.At > Elapsed)
            {
                await Task.Delay(began + step.At - Elapsed, TimeProvider.System);
            }

            var at = Elapsed;
            began = at - step.At;
            done++;
            try
            {
                await Task.Run(() => act(step.What));
                _done.Enqueue(new ChaosStep(at, step.What));
            }
            catch (HttpRequestException error)
            {
                _done.Enqueue(new ChaosStep(at, $"{step.What}: {error.Message}"));
                _unexpected.Enqueue($"{step.What}: {error.Message}");
            }
        }
    }

    private void Begin(string kind, string machine)
    {
        var window = new ChaosWindow(Elapsed, kind, machine);
        lock (_open)
        {
            // Twice the same begins once.
            if (_open.TryAdd($"{kind} {machine}", window))
            {
                _windows.Enqueue(window);
            }
        }
    }

    private void End(string kind, string machine)
    {
        lock (_open)
        {
            if (_open.Remove($"{kind} {machine}", out var window))
            {
                window.Until = Elapsed;
            }
        }
    }

    private async Task HappenAsync(ChaosMachine machine, int at, string what)
    {
        var fault = what.Split(' ')[^1];
        var ends = what.Contains(": end of ", StringComparison.Ordinal);
        if (!ends)
        {
            Begin(fault, _addresses[at]);
        }

        switch (fault)
        {
            case "kill" when ends:
                machine.Start();
                break;
            case "kill":
                machine.Kill();
                break;
            case "freeze" when ends:
                machine.Thaw();
                break;
            case "freeze":
                machine.Freeze();
                break;
            case "drain":
                // While the process is replaced it refuses; where a file lacks the endpoint, there is nothing to do.
                while ((await _lb.PostAsync($"/{(ends ? "enable" : "drain")}?upstream=h1&endpoint={_addresses[at]}:{_ports[0]}")).Status is not (HttpStatusCode.OK or HttpStatusCode.NotFound))
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
                }

                break;
            default:
                machine.Behave(ends ? "well" : fault);
                break;
        }

        if (ends)
        {
            End(fault, _addresses[at]);
        }
    }

    private Task NameAsync(string what)
    {
        var kind = what.Split(' ')[^1];
        _dns.Silent = kind == "silence";

        // A process that begins just then has no last good answer, and asks again later and later.
        (kind is "0" or "servfail" or "nxdomain" or "silence" ? (Action<string, string>)Begin : End)("nameless", "");
        if (kind is "servfail" or "nxdomain")
        {
            _dns.Fail(kind == "servfail" ? DnsResponseCode.ServFail : DnsResponseCode.NxDomain);
        }
        else if (int.TryParse(kind, CultureInfo.InvariantCulture, out var number))
        {
            // Whatever the name says in error, or without addresses, leaves the last good answer.
            string[] there = [.. _addresses.Where((_, at) => (number & (1 << at)) != 0)];
            _dns.Serve(Name, ttl: 0, there);
            foreach (var address in there.Length == 0 ? [] : _addresses)
            {
                (there.Contains(address) ? (Action<string, string>)End : Begin)("absent", address);
            }
        }

        return Task.CompletedTask;
    }

    private async Task LoadAsync(string what)
    {
        var kind = what.Split(' ')[^1];
        if (int.TryParse(kind, CultureInfo.InvariantCulture, out var version))
        {
            await ToAsync(version);
            return;
        }

        // A process that begins in an upgrade reads the file, so that it has to be good then.
        await _file.WaitAsync();
        try
        {
            if (kind == "rollback")
            {
                // To any version that ran; then what runs is not the file's, until that is loaded again.
                Changing(isNow: false, isListed: false);
                await ChangeAsync("/rollback", HttpStatusCode.OK);
                await ChangeAsync("/reload", HttpStatusCode.OK);
                Changed();
                return;
            }

            var good = Text(_version);
            _lb.Write(kind == "invalid" ? good.Replace("retry:", "retyr:", StringComparison.Ordinal) : good.Replace("upstreams:", $"  taken: {{bind: \"{_dns.Address}\", tcp: {{upstream: tcp}} }}\nupstreams:", StringComparison.Ordinal));
            await ChangeAsync("/reload", HttpStatusCode.Conflict);
            _lb.Write(good);
        }
        finally
        {
            _file.Release();
        }
    }

    private async Task ToAsync(int version)
    {
        await _file.WaitAsync();
        try
        {
            Changing(HasNow(version), IsListed(version));
            Write(version);
            await ChangeAsync("/reload", HttpStatusCode.OK);
            Changed();
        }
        finally
        {
            _file.Release();
        }
    }

    // What goes to an endpoint that is taken away has the time of a drain.
    private void Changing(bool isNow, bool isListed)
    {
        if (!isNow)
        {
            Begin("unrouted", "");
        }

        if (!isListed)
        {
            Begin("unlisted", _addresses[^1]);
        }

        // The way back may be to any version, and then here again.
        if ((HasNow(_version) && !isNow) || (IsListed(_version) && !isListed) || (!isNow && !isListed))
        {
            _windows.Enqueue(new ChaosWindow(Elapsed, "removal") { Until = Elapsed + Drain });
        }
    }

    private void Changed()
    {
        if (HasNow(_version))
        {
            End("unrouted", "");
        }

        if (IsListed(_version))
        {
            End("unlisted", _addresses[^1]);
        }
    }

    // The last machine is in the file.
    private static bool IsListed(int version) => version != 5;

    private static bool HasNow(int version) => version % 2 == 0;

    private async Task ChangeAsync(string target, HttpStatusCode expected)
    {
        while (true)
        {
            var (status, answer) = await _lb.PostAsync(target);
            if (status == expected)
            {
                return;
            }

            // Whoever is being replaced refuses.
            if (status != HttpStatusCode.ServiceUnavailable)
            {
                throw new HttpRequestException($"{(int)status} {answer.GetRawText()}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private async Task UpgradeAsync(string what)
    {
        await _file.WaitAsync();
        try
        {
            var window = new ChaosWindow(Elapsed, "upgrade");
            _windows.Enqueue(window);
            var (status, process, error) = await _lb.UpgradeAsync();
            window.Until = Elapsed + Drain;
            if (status != HttpStatusCode.OK)
            {
                throw new HttpRequestException(error);
            }

            _processes.Add(process);
        }
        finally
        {
            _file.Release();
        }
    }

    private void Write(int version)
    {
        _version = version;
        _lb.Write(Text(version));
    }

    // Each number is another file: weights, an endpoint that is gone, bounds, another balancer, certificates and versions of TLS, a route with an upstream and a listener of their own.
    private string Text(int number)
    {
        string Endpoints(int port, int count = Machines) => string.Join(", ", Enumerable.Range(1, count).Select(machine => $$"""{address: "127.0.1.{{machine}}:{{_ports[port]}}", weight: {{(machine == number ? 3 : 1)}} }"""));
        var room = $"max_connections: {20 + number}, max_pending: 50, pending_timeout: 500ms";
        var common = $"timeouts: {{connect: 500ms, first_byte: 2s, between_bytes: {2 + (number % 2)}s, stream_idle: 5s, pool_idle: 1s}}, {room}";
        string Health(string type) => $$"""health: {active: {type: {{type}}, interval: {{(number == Calm ? "3s" : "300ms")}}, timeout: {{(number == Calm ? "2s" : "300ms")}}, unhealthy_after: 2, healthy_after: 1}, passive: {failures: 5, within: 5s, eject_for: 1s} }""";
        var probed = Health($"http, path: /healthz, port: {_ports[0]}");
        var breaker = "circuit_breaker: {within: 5s, open_for: 1s}";
        var http = $$"""
            http:
                  trusted_proxies: ["127.0.0.0/8"]
                  timeouts: {idle: 30s, body: 5s}
                  routes:
                    - {path: "/h1/*", upstream: h1, retry: {attempts: 3, on: [connect, reset, timeout, 502], per_try: 1s, hedge_after: {{100 + (100 * number)}}ms} }
                    - {path: "/h2/*", upstream: h2, retry: {on: [connect, reset]} }
                    - {path: "/safe/*", upstream: safe, retry: {on: [connect, reset]} }
                    - {path: "/grpc.Chaos/*", upstream: rpc}
                    - {path: "/found/*", upstream: found, shed: high}
                    {{(HasNow(number) ? "- {path: \"/now/*\", upstream: now}" : "")}}
            """;
        return $$"""
            listeners:
              web:
                bind: "{{Web}}"
                {{http}}
              secure:
                bind: "{{Secure}}"
                tls: {certificates: [{{_certificates.ItemOf(number % 2 == 0 ? "own" : "next")}}], min_version: {{(number % 3 == 0 ? "1.3" : "1.2")}} }
                {{http}}
              tcp:
                bind: "{{Tcp}}"
                tcp: {upstream: tcp}
                timeouts: {idle: {{4 + (number % 3)}}s, half_closed: 3s}
              {{(HasNow(number) ? "" : $"later: {{bind: \"127.0.1.9:{_ports[0]}\", tcp: {{upstream: tcp}} }}")}}
            upstreams:
              h1: {balance: {{(number % 2 == 0 ? "least_connections" : "round_robin")}}, endpoints: [{{Endpoints(0, IsListed(number) ? Machines : Machines - 1)}}], {{Health("http, path: /healthz")}}, {{common}} }
              h2: {protocol: http2, endpoints: [{{Endpoints(1)}}], {{probed}}, {{breaker}}, {{common}} }
              rpc: {protocol: grpc, endpoints: [{{Endpoints(1)}}], {{probed}}, {{common}} }
              safe: {endpoints: [{{Endpoints(3)}}], tls: {ca: {{_certificates.CaPath}}, server_name: localhost{{(number % 2 == 0 ? "" : $", cert: {_certificates["own.pem"]}, key: {_certificates["own.key"]}")}} }, {{Health("http, path: /healthz")}}, {{common}} }
              found: {discover: {dns: "{{Name}}:{{_ports[0]}}", resolver: "{{_dns.Address}}", min_interval: 100ms}, {{Health("http, path: /healthz")}}, concurrency: {{(number == 3 ? "4" : "auto")}}, {{common}} }
              tcp: {endpoints: [{{Endpoints(2)}}], {{Health("tcp")}}, timeouts: {connect: 500ms}, {{room}} }
              {{(HasNow(number) ? $"now: {{endpoints: [{Endpoints(0)}], {Health("http, path: /healthz")}, {common} }}" : "")}}
            shutdown: {unready_for: 0s, drain: 8s}
            reload: {watch: false}
            log: {level: info, access: {{_lb["access.json"]}} }
            """;
    }
}
