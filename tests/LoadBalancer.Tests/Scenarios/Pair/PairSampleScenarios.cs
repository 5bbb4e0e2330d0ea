using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>
/// samples/ha-pair on a network of its own: two instances behind an address that keepalived moves, or behind a third lb. Under a load of
/// HTTP/1.1, HTTP/2 and WebSockets an instance is killed and comes back, one is stopped in order, and one's cable is pulled. What clients saw
/// stands in the tests' output.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class PairSampleScenarios
{
    private const string Address = "10.0.9.10";
    private const int Terminate = 15;
    private const string First = "10.0.9.11";
    private const string Second = "10.0.9.12";

    // How long an instance takes to end in order.
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(4);

    // What is told to end is told so in the first half of the drain, one after the other: not all at once.
    private static readonly TimeSpan Spread = TimeSpan.FromMilliseconds(100);

    // A client that was about to ask when its instance went has still asked that one; and on a machine that is busy it takes a while to.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(500);

    // What the sample's page says of times is of machines that have nothing else to do.
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(4);

    // Keepalived's settings, as the sample's page adds them up: an instance that is not ready is noticed by two checks, one that is not heard by three adverts.
    private static readonly TimeSpan MovesWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan IsMissedWithin = TimeSpan.FromSeconds(2);

    // The front's probes: the first that fails begins 0.5 s after the last that was answered, and the second is over 1 s later.
    private static readonly TimeSpan IsFoundDeadWithin = TimeSpan.FromMilliseconds(1500);

    private readonly Dictionary<string, RunningLb> _running = [];
    private readonly List<Process> _keepalived = [];
    private readonly List<HttpEndpoint> _endpoints = [];
    private readonly ConcurrentDictionary<string, int> _asked = [];
    private readonly ManualResetEventSlim _pause = new();
    private TemporaryFolder _folder = null!;
    private LocalNetwork _network = null!;

    [SetUp]
    public async Task Start()
    {
        _network = LocalNetwork.Create("10.0.9.1/24", "10.0.9.21/24", "10.0.9.22/24");
        _folder = new TemporaryFolder();
        File.WriteAllText(_folder["lb.yaml"], PairFiles.Instance(Drain));
        File.WriteAllText(_folder["front.yaml"], PairFiles.Front());
        _network.Add("lb-1", "10.0.9.11/24");
        _network.Add("lb-2", "10.0.9.12/24");
        _network.Start(() =>
        {
            foreach (var address in new[] { "10.0.9.21:8000", "10.0.9.22:8000" })
            {
                _endpoints.Add(new HttpEndpoint(Answer, IPEndPoint.Parse(address)) { Remembers = false });
            }
        }).Join();
        await Task.WhenAll(RunAsync("lb-1"), RunAsync("lb-2"));
    }

    [TearDown]
    public async Task End()
    {
        foreach (var process in _keepalived)
        {
            // In order: it would leave its second process behind.
            Assert.That(Signal(process.Id, Terminate), Is.Zero);
            process.WaitForExit();
            process.Dispose();
        }

        foreach (var lb in _running.Values)
        {
            await lb.DisposeAsync();
        }

        _endpoints.ForEach(endpoint => endpoint.Dispose());
        _network?.Dispose();
        _folder?.Dispose();
        _keepalived.Clear();
        _running.Clear();
        _endpoints.Clear();
    }

    [Test]
    public async Task With_keepalived_a_client_loses_no_more_than_the_request_that_was_at_the_instance_and_waits_for_the_address_to_move()
    {
        RunKeepalived("lb-1");
        RunKeepalived("lb-2");
        Until(() => State("lb-1") + State("lb-2") == 1, "one has the address");
        var (first, second) = _network.Has("lb-1", Address) ? ("lb-1", "lb-2") : ("lb-2", "lb-1");
        using var clients = new PairClients(_network, IPEndPoint.Parse($"{Address}:80"), PairProtocol.All);
        clients.AwaitMore(100);
        clients.Report("warming up");
        clients.AwaitMore(200);
        AssertNothingLost(clients, "nothing happens");

        await _running[first].KillAsync();
        var ended = TimeProvider.System.GetTimestamp();
        Until(() => _network.Has(second, Address) && !_network.Has(first, Address), "the address moves to the instance that is left");
        clients.AwaitMore(200);
        AssertLostInFlight(clients, "an instance killed", ended, AddressOf(first), waits: MovesWithin);

        await RunAsync(first);
        Until(() => Log(first).TrimEnd().EndsWith("Entering BACKUP STATE", StringComparison.Ordinal), "it is there again");
        clients.AwaitMore(200);
        AssertNothingLost(clients, "the instance back");
        Assert.That(_network.Has(second, Address), Is.True, "the address stays where it is");

        _network.Cut(second);
        var cut = TimeProvider.System.GetTimestamp();
        Until(() => _network.Has(first, Address), "the address moves to the instance that can be reached");
        clients.AwaitMore(200);
        AssertLostInFlight(clients, "the link of the other cut", cut, AddressOf(second), waits: IsMissedWithin, most: clients.AtOnce);

        _network.Mend(second);
        Until(() => State(second) == 0, "it sees that the other has the address");
        clients.AwaitMore(200);
        AssertNothingLost(clients, "the link mended");

        // It serves on after the signal until the address has left, and what is open then is lost.
        var signalled = TimeProvider.System.GetTimestamp();
        var stopping = _running[first].StopAsync();
        Until(() => !_network.Has(first, Address), "the address leaves the instance that stops");
        var left = TimeProvider.System.GetTimestamp();
        Assert.That(TimeProvider.System.GetElapsedTime(signalled, left), Is.LessThan(MovesWithin + Busy));
        Until(() => _network.Has(second, Address), "the address moves to the instance that goes on");
        clients.AwaitMore(200);
        AssertLostInFlight(clients, "an instance stopped in order", left, AddressOf(first), waits: MovesWithin, most: clients.AtOnce);
        await stopping;
        AssertNothingLost(clients, "an instance stopped");
    }

    [Test]
    public async Task Behind_the_front_no_idempotent_request_is_lost_and_an_orderly_stop_loses_none()
    {
        _network.Add("front", "10.0.9.30/24");
        await RunAsync("front", "front.yaml");
        using var clients = new PairClients(_network, IPEndPoint.Parse("10.0.9.30:80"), PairProtocol.All);
        using var byHttp2 = new PairClients(_network, IPEndPoint.Parse("10.0.9.30:81"), PairProtocol.Http2);
        using var passed = new PairClients(_network, IPEndPoint.Parse("10.0.9.30:8080"), PairProtocol.All);
        clients.AwaitMore(100);
        clients.Report("warming up");
        clients.AwaitMore(200);
        AssertNothingLost(clients, "nothing happens");
        byHttp2.Report("by HTTP/2, warming up");
        passed.Report("by TCP, warming up");

        await _running["lb-1"].KillAsync();
        var ended = TimeProvider.System.GetTimestamp();
        clients.AwaitMore(400);
        byHttp2.AwaitMore(100);
        passed.AwaitMore(200);
        AssertLostInFlight(passed, "lb-1 killed, by TCP", ended, First);
        AssertLostInFlight(clients, "lb-1 killed", ended, First, byRequest: true);
        AssertLostInFlight(byHttp2, "lb-1 killed, by HTTP/2", ended, First, byRequest: true);

        await RunAsync("lb-1");
        clients.AwaitMore(400);
        AssertNothingLost(clients, "lb-1 back");
        AssertNothingLost(byHttp2, "lb-1 back, by HTTP/2");
        AssertNothingLost(passed, "lb-1 back, by TCP");

        // What lasts is all there since the other was killed: connections through the TCP front, and WebSockets.
        await _running["lb-2"].StopAsync();
        clients.AwaitMore(200);
        byHttp2.AwaitMore(100);
        passed.AwaitMore(100);
        AssertTold(AssertNothingLost(clients, "lb-2 stopped in order"), PairProtocol.WebSocket, PairProtocol.WebSocketOverHttp2);
        AssertTold(AssertNothingLost(byHttp2, "lb-2 stopped in order, by HTTP/2"));
        AssertTold(AssertNothingLost(passed, "lb-2 stopped in order, by TCP"), PairProtocol.All);

        await RunAsync("lb-2");
        _asked.Clear();
        Until(() => _asked.ContainsKey($"{Second} for 10.0.9.1"), "lb-2 is used again");
        _network.Cut("lb-1");
        var cut = TimeProvider.System.GetTimestamp();
        clients.AwaitMore(400);
        byHttp2.AwaitMore(100);
        passed.AwaitMore(200);
        AssertLostInFlight(passed, "the link of lb-1 cut, by TCP", cut, First, most: passed.AtOnce);

        // A POST may still go out on a connection that had been idle for a moment, until the probes have seen it.
        AssertLostInFlight(clients, "the link of lb-1 cut", cut, First, byRequest: true, within: IsFoundDeadWithin + Busy);
        AssertLostInFlight(byHttp2, "the link of lb-1 cut, by HTTP/2", cut, First, byRequest: true, within: IsFoundDeadWithin + Busy);
        Assert.That(_asked.Keys, Has.All.EndsWith(" for 10.0.9.1"), "the endpoints know the client, by X-Forwarded-For and by the PROXY header");
    }

    // An instance is known by the address that it connects from.
    private void Answer(HttpWire wire, HttpMessage request)
    {
        if (request.FirstLine.StartsWith("GET /healthz", StringComparison.Ordinal))
        {
            wire.Respond("ok");
            return;
        }

        var instance = ((IPEndPoint)wire.Socket.RemoteEndPoint!).Address;
        _asked.AddOrUpdate($"{instance} for {request["X-Forwarded-For"]!.Split(',')[0]}", 1, (_, count) => count + 1);
        if (request["Upgrade"] == "websocket")
        {
            WebSocketPairConnection.Echo(wire, request, $"X-Instance: {instance}\r\n", Work);
        }
        else
        {
            Work();
            wire.Respond("ok", $"X-Instance: {instance}\r\n");
        }
    }

    // Long enough that some calls are under way at any moment.
    private void Work() => _pause.Wait(TimeSpan.FromMilliseconds(5));

    private static string AddressOf(string machine) => machine == "lb-1" ? First : Second;

    private static PairReport AssertNothingLost(PairClients clients, string occasion)
    {
        var report = clients.Report(occasion);
        Assert.That(report.LostCalls, Is.Empty, occasion);
        return report;
    }

    /// <summary>Nothing was lost but what was on its way to an instance when that was over; behind the front, of that only what may not be sent twice.</summary>
    /// <param name="clients">Who called.</param>
    /// <param name="occasion">What happened.</param>
    /// <param name="ended">When the instance could not be reached any more.</param>
    /// <param name="instance">The instance.</param>
    /// <param name="byRequest">True where the front knows each request: others than POSTs must not be lost, and of connections only WebSockets are at an instance.</param>
    /// <param name="waits">How long a client may have to wait for a connection; nothing unless given.</param>
    /// <param name="within">How long after the end calls may still go there.</param>
    /// <param name="most">How many calls may be lost; any number unless given, because the kernel still takes connections for a process that is about to end.</param>
    private static void AssertLostInFlight(
        PairClients clients, string occasion, long ended, string instance, bool byRequest = false, TimeSpan waits = default, TimeSpan within = default, int most = int.MaxValue)
    {
        var (lost, latest, _) = clients.Report(occasion);
        Assert.That(lost.Where(call => TimeProvider.System.GetElapsedTime(ended, call.Call.Began) > within + Moment), Is.Empty, $"{occasion}: begun after it");
        Assert.That(lost.Where(call => byRequest && call.Call.IsIdempotent), Is.Empty, $"{occasion}: idempotent");
        Assert.That(lost.Where(call => (!byRequest || call.Protocol.IsWebSocket) && call.Instance != instance && call.Instance is not null), Is.Empty, $"{occasion}: at the other instance");
        Assert.That(lost, Has.Count.AtMost(most), occasion);
        Assert.That(latest, Is.LessThan(waits + Busy), occasion);
    }

    /// <summary>Each client of these protocols was told once that its connection ends, in the protocol's own word, and nobody else; WebSockets not all at once.</summary>
    private static void AssertTold(PairReport report, params PairProtocol[] protocols)
    {
        var words = protocols.SelectMany(protocol => Enumerable.Repeat($"{protocol.Name}: {protocol.Goodbye}", protocol.Clients));
        Assert.That(report.Goodbyes.Select(goodbye => $"{goodbye.Protocol.Name}: {goodbye.Word}"), Is.EquivalentTo(words));
        long[] at = [.. report.Goodbyes.Where(goodbye => goodbye.Protocol.IsWebSocket).Select(goodbye => goodbye.At)];
        Assert.That(at.Length == 0 || TimeProvider.System.GetElapsedTime(at.Min(), at.Max()) > Spread, Is.True, "spread");
    }

    private static void Until(Func<bool> holds, string what) => Assert.That(holds, Is.True.After(30_000, 20), $"this never came: {what}");

    private async Task RunAsync(string machine, string file = "lb.yaml")
    {
        var lb = await RunningLb.StartAsync(_folder, _folder[file], _network.On(machine));
        lock (_running)
        {
            _running[machine] = lb;
        }
    }

    private void RunKeepalived(string machine)
    {
        var script = _folder[$"{machine}.lb-state"];
        File.WriteAllText(script, WorkTree.Read("samples/ha-pair/lb-state").Replace("/var/lib/prometheus/node-exporter", Directory.CreateDirectory(_folder[machine]).FullName, StringComparison.Ordinal));
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var configuration = _folder[$"{machine}.conf"];
        File.WriteAllText(configuration, WorkTree.Read("samples/ha-pair/keepalived.conf").Replace("/etc/keepalived/lb-state", script, StringComparison.Ordinal));
        string[] command = [.. _network.On(machine), "keepalived", "--dont-fork", "--log-console", "--vrrp", "--config-id", machine, "--use-file", configuration,
            "--pid", _folder[$"{machine}.pid"], "--vrrp_pid", _folder[$"{machine}.vrrp.pid"]];
        var start = new ProcessStartInfo("sh", ["-c", "log=$1; shift; exec \"$@\" >$log 2>&1", "sh", _folder[$"{machine}.log"], .. command]);
        start.Environment["PATH"] += ":/usr/sbin:/sbin";
        _keepalived.Add(Process.Start(start)!);
    }

    private string Log(string machine) => File.ReadAllText(_folder[$"{machine}.log"]);

    // What the machine's node exporter would say.
    private int? State(string machine)
    {
        var path = Path.Combine(_folder[machine], "lb-pair.prom");
        return File.Exists(path) ? int.Parse(File.ReadAllText(path).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) : null;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int process, int signal);
}
