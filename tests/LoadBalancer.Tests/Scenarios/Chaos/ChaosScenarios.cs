using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Discovery.Dns;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>
/// Everything at once: machines are killed, frozen, slow, resetting, lying and drained, a name flips, the file is loaded again and the program
/// replaced, under clients of every kind. CHAOS_SECONDS says for how long, CHAOS_SEED which run; what goes wrong is told with the seed and
/// the plan. A call that fails must have a line in the access log that says why, and when it is over nothing is left behind.
/// </summary>
internal sealed class ChaosScenarios
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(Setting("CHAOS_SECONDS", 20));
    private static readonly int Seed = Setting("CHAOS_SEED", 1);

    private readonly ConcurrentQueue<ChaosStep> _done = [];
    private readonly EndPoint _web = Loopback.Refusing();
    private readonly EndPoint _tcp = Loopback.Refusing();
    private readonly int[] _ports = [.. Enumerable.Range(0, 3).Select(_ => ((IPEndPoint)Loopback.Refusing()).Port)];
    private readonly ChaosMachine[] _machines;
    private readonly UpgradableLb _lb = new();
    private readonly FakeNameServer _dns = new();
    private readonly List<int> _processes = [];
    private readonly ConcurrentQueue<(TimeSpan At, IPAddress Address)> _kills = [];

    public ChaosScenarios() => _machines = [.. Enumerable.Range(1, 3).Select(number => new ChaosMachine(IPAddress.Parse($"127.0.1.{number}"), _ports))];

    [OneTimeTearDown]
    public void End()
    {
        _lb.Dispose();
        Array.ForEach(_machines, machine => machine.Dispose());
        _dns.Dispose();
    }

    [Test]
    public async Task After_everything_at_once_nothing_is_left_behind_and_every_failure_is_explained()
    {
        Parallel.ForEach(_machines, machine => machine.Start());
        _dns.Serve("found.internal", ttl: 0, "127.0.1.1", "127.0.1.2", "127.0.1.3");
        Configure(0);
        await _lb.StartAsync(own => $"exec {own} 2>>{_lb["errors"]}");
        try
        {
            await _lb.Manager.WaitForAsync("READY=1");
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"lb is not ready: {File.ReadAllText(_lb["errors"])}");
        }

        _processes.Add(_lb.ProcessId);

        // What it looks like when nothing goes wrong, and has settled.
        await CallAsync("warm");
        var baseline = await SettleAsync();

        using var clients = new ChaosClients(_web, _tcp, Seed, "run");
        clients.Start();
        await Task.WhenAll(
        [
            .. _machines.Select((machine, at) => RunAsync(clients, ChaosPlan.OfMachine(Seed, at, Length), step => Happen(clients, machine, at, step))),
            RunAsync(clients, ChaosPlan.OfChanges(Seed, "name", 0.7, 8, Length), Flip),
            RunAsync(clients, ChaosPlan.OfChanges(Seed, "reload", 2, 6, Length), Reload),
            RunAsync(clients, ChaosPlan.OfChanges(Seed, "upgrade", 15, 1, Length), Upgrade),
        ]);
        clients.Stop();
        _dns.Serve("found.internal", ttl: 0, "127.0.1.1", "127.0.1.2", "127.0.1.3");
        Configure(0);
        await _lb.PostAsync("/reload");

        var settled = await SettleAsync();
        var lines = Lines();
        var linesOf = lines.ToLookup(Key);
        var unexplained = clients.Failures.Where(failure => !IsExplained(failure, linesOf[failure.Key])).ToList();
        TestContext.Out.WriteLine($"seed {Seed}, {Length.TotalSeconds:0} s; served: {string.Join(", ", clients.Served.OrderBy(kind => kind.Key).Select(kind => $"{kind.Key} {kind.Value.Count}"))}; failed: {clients.Failures.Count}, of which {unexplained.Count} are not explained; at rest before {baseline}, after {settled}");
        TestContext.Out.WriteLine($"reasons: {string.Join(", ", lines.Select(line => Text(line, "result") ?? "none").CountBy(result => result).OrderByDescending(result => result.Value).Select(result => $"{result.Key} {result.Value}"))}");
        var told = lines.Where(line => Text(line, "request_id") is not null).CountBy(line => Text(line, "request_id")!).ToDictionary();
        var untold = clients.Served.Where(kind => kind.Key is "h1" or "sse" or "ws").SelectMany(kind => kind.Value).Where(id => told.GetValueOrDefault(id) != 1).ToList();
        var plan = $"seed {Seed}, plan:\n{string.Join('\n', _done.OrderBy(step => step.At))}\n";
        TestContext.Out.WriteLine(plan);
        Assert.Multiple(() =>
        {
            Assert.That(unexplained, Is.Empty, () => $"{plan}{string.Join('\n', unexplained.Select(failure => $"{failure}\n    {string.Join("\n    ", linesOf[failure.Key].Select(line => line.GetRawText()))}"))}");
            Assert.That(untold, Is.Empty, () => $"{plan}calls that were answered and do not have one line in the access log");
            Assert.That(lines.Where(line => Text(line, "result") == "bug"), Is.Empty, plan);
            Assert.That(settled.Descriptors, Is.LessThanOrEqualTo(baseline.Descriptors + 8), plan);
            Assert.That(settled.ResidentMiB, Is.LessThan(baseline.ResidentMiB + 100), plan);
            Assert.That(File.ReadAllText(_lb["errors"]), Does.Not.Contain("xception").And.Not.Contain("\"level\":\"error\""), plan);
        });

        // Circuit breakers close again by traffic; then all of it works as before. A machine that is busy otherwise may take some rounds.
        await CallAsync("heal");
        await SettleAsync("lb_upstream_circuit_state{");
        IReadOnlyList<ChaosFailure> last = [];
        for (var round = 1; round <= 10 && (last = await CallAsync($"after{round}")).Count > 0; round++)
        {
        }

        Assert.That(last, Is.Empty, plan);
    }

    /// <summary>Some calls of every kind: those that failed.</summary>
    private async Task<IReadOnlyList<ChaosFailure>> CallAsync(string name)
    {
        using var clients = new ChaosClients(_web, _tcp, Seed, name);
        clients.Start();
        var began = TimeProvider.System.GetTimestamp();
        while (clients.Served.Count < 5 || clients.Served.Values.Min(ids => ids.Count) < 10)
        {
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(60)), () => $"{name}: not every kind of call is served; {string.Join('\n', clients.Failures.Take(20))}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        clients.Stop();
        return clients.Failures;
    }

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    private static string? Text(JsonElement line, string key) => line.TryGetProperty(key, out var value) ? value.GetString() : null;

    // The line that has the request's id, or the connection's address, names a reason; the one that lb told the client, where it told one. Where
    // bytes are passed on as they are, the end of a program that was killed is an end in order: its kernel says so.
    private bool IsExplained(ChaosFailure failure, IEnumerable<JsonElement> lines) =>
        !failure.Seen.StartsWith("WRONG", StringComparison.Ordinal) && lines.Any(line => Text(line, "result") is { } result
            && (result != "ok" ? result == (failure.Code ?? result) : !(line.TryGetProperty("status", out var status) && status.GetInt32() != 101) && WasKilled(Text(line, "endpoint"), failure.At)));

    private bool WasKilled(string? endpoint, TimeSpan at) =>
        _kills.Any(kill => endpoint?.StartsWith($"{kill.Address}:", StringComparison.Ordinal) == true && (at - kill.At).Duration() < TimeSpan.FromSeconds(2));

    private static string? Key(JsonElement line) => Text(line, "request_id") ?? Text(line, "client");

    private List<JsonElement> Lines() => [.. File.ReadLines(_lb["access.json"]).Select(line => JsonElement.Parse(line))];

    private async Task RunAsync(ChaosClients clients, IReadOnlyList<ChaosStep> steps, Func<string, Task> act)
    {
        foreach (var step in steps)
        {
            if (step.At > clients.Elapsed)
            {
                await Task.Delay(step.At - clients.Elapsed, TimeProvider.System);
            }

            var outcome = "";
            try
            {
                await Task.Run(() => act(step.What));
            }
            catch (HttpRequestException error)
            {
                outcome = $": {error.Message}";
            }

            _done.Enqueue(step with { What = $"{step.What}{outcome}" });
        }
    }

    private async Task Happen(ChaosClients clients, ChaosMachine machine, int at, string what)
    {
        switch (what[(what.IndexOf(':', StringComparison.Ordinal) + 2)..])
        {
            case "kill":
                _kills.Enqueue((clients.Elapsed, machine.Address));
                machine.Kill();
                break;
            case "end of kill":
                machine.Start();
                break;
            case "freeze":
                machine.Freeze();
                break;
            case "end of freeze":
                machine.Thaw();
                break;
            case "drain" or "end of drain":
                // While the process is replaced it refuses; where a file lacks the endpoint, there is nothing to do.
                var change = $"/{(what.EndsWith("end of drain", StringComparison.Ordinal) ? "enable" : "drain")}?upstream=h1&endpoint=127.0.1.{at + 1}:{_ports[0]}";
                while ((await _lb.PostAsync(change)).Status is not (HttpStatusCode.OK or HttpStatusCode.NotFound))
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
                }

                break;
            case var fault:
                machine.Behave(fault.StartsWith("end of", StringComparison.Ordinal) ? "well" : fault);
                break;
        }
    }

    private Task Flip(string what)
    {
        // One bit for each machine; none of them is a name without addresses.
        var number = int.Parse(what.Split(' ')[1], CultureInfo.InvariantCulture);
        _dns.Serve("found.internal", ttl: 0, [.. Enumerable.Range(1, 3).Where(machine => (number & (1 << (machine - 1))) != 0).Select(machine => $"127.0.1.{machine}")]);
        return Task.CompletedTask;
    }

    private async Task Reload(string what)
    {
        Configure(int.Parse(what.Split(' ')[1], CultureInfo.InvariantCulture));
        HttpStatusCode status;
        JsonElement answer;
        do
        {
            // Whoever is being replaced refuses.
            (status, answer) = await _lb.PostAsync("/reload");
        }
        while (status == HttpStatusCode.ServiceUnavailable);
        if (status != HttpStatusCode.OK)
        {
            throw new HttpRequestException(answer.GetRawText());
        }
    }

    private async Task Upgrade(string what)
    {
        var (status, process, error) = await _lb.UpgradeAsync();
        if (status != HttpStatusCode.OK)
        {
            throw new HttpRequestException(error);
        }

        _processes.Add(process);
    }

    // Each number is another file: weights, an endpoint that is gone, bounds, another balancer.
    private void Configure(int number)
    {
        string Endpoints(int port, int count = 3) => string.Join(", ", Enumerable.Range(1, count).Select(machine => $$"""{address: "127.0.1.{{machine}}:{{_ports[port]}}", weight: {{(machine == number ? 3 : 1)}} }"""));
        var room = $"max_connections: {20 + number}, max_pending: 50, pending_timeout: 500ms";
        var common = $"timeouts: {{connect: 500ms, first_byte: 2s, between_bytes: {2 + (number % 2)}s, stream_idle: 5s, pool_idle: 1s}}, {room}";
        string Health(string type) => $$"""health: {active: {type: {{type}}, interval: 300ms, timeout: 300ms, unhealthy_after: 2, healthy_after: 1}, passive: {failures: 5, within: 5s, eject_for: 1s} }""";
        _lb.Write($$"""
            listeners:
              web:
                bind: "{{_web}}"
                http:
                  trusted_proxies: ["127.0.0.0/8"]
                  timeouts: {idle: 30s, body: 5s}
                  routes:
                    - {path: "/h1/*", upstream: h1, retry: {attempts: 3, on: [connect, reset, timeout, 502], per_try: 1s, hedge_after: {{100 + (100 * number)}}ms} }
                    - {path: "/h2/*", upstream: h2, retry: {on: [connect, reset]} }
                    - {path: "/found/*", upstream: found, shed: high}
              tcp:
                bind: "{{_tcp}}"
                tcp: {upstream: tcp}
                timeouts: {idle: {{4 + (number % 3)}}s, half_closed: 3s}
            upstreams:
              h1: {balance: {{(number % 2 == 0 ? "least_connections" : "round_robin")}}, endpoints: [{{Endpoints(0, number == 5 ? 2 : 3)}}], {{Health("http, path: /healthz")}}, {{common}} }
              h2: {protocol: http2, endpoints: [{{Endpoints(1)}}], {{Health($"http, path: /healthz, port: {_ports[0]}")}}, circuit_breaker: {within: 5s, open_for: 1s}, {{common}} }
              found: {discover: {dns: "found.internal:{{_ports[0]}}", resolver: "{{_dns.Address}}", min_interval: 100ms}, {{Health("http, path: /healthz")}}, concurrency: {{(number == 3 ? "4" : "auto")}}, {{common}} }
              tcp: {endpoints: [{{Endpoints(2)}}], {{Health("tcp")}}, timeouts: {connect: 500ms}, {{room}} }
            shutdown: {unready_for: 0s, drain: 8s}
            reload: {watch: false}
            log: {level: warn, access: {{_lb["access.json"]}} }
            """);
    }

    /// <summary>Waits until nothing is under way, every endpoint is used again and the old processes have ended; what the one that serves then has.</summary>
    private async Task<Rest> SettleAsync(string more = "-")
    {
        var metrics = "";
        var busy = "";
        var began = TimeProvider.System.GetTimestamp();
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
            using var admin = AdminClient.Over(_lb["admin.sock"]);
            metrics = await admin.GetStringAsync(new Uri("/metrics", UriKind.Relative));
            busy = string.Join(", ", metrics.Split('\n').Where(line => IsBusy(line) || (line.StartsWith(more, StringComparison.Ordinal) && line.EndsWith(line.Contains("closed", StringComparison.Ordinal) ? " 0" : " 1", StringComparison.Ordinal))).Concat(_processes.Where(process => process != _lb.ProcessId && !UpgradableLb.HasEnded(process)).Select(process => $"process {process}")));
            Assert.That(TimeProvider.System.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(60)), $"this stays: {busy}; seed {Seed}, plan:\n{string.Join('\n', _done.OrderBy(step => step.At))}");
        }
        while (busy.Length > 0);
        return new Rest((int)Sum("process_open_fds "), (int)Sum("lb_loop_sockets{"), Sum("process_resident_memory_bytes ") / 1_048_576, Sum("process_threads "));

        double Sum(string name) => metrics.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal)).Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

        static bool IsBusy(string line) =>
            (line.StartsWith("lb_endpoint_available{", StringComparison.Ordinal) && line.EndsWith(" 0", StringComparison.Ordinal))
            || ((string[])["lb_listener_active_connections{", "lb_http_active_requests{", "lb_upstream_pending_connections{", "lb_upstream_concurrency{", "lb_upstream_pool_connections{", "lb_endpoint_active_connections{", "lb_upstream_panic{"])
                .Any(name => line.StartsWith(name, StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal));
    }

    /// <summary>What a process has that does nothing.</summary>
    private sealed record Rest(int Descriptors, int Sockets, double ResidentMiB, double Threads);
}
