using System.Text.Json;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Http.Tests.Authentication;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>What becomes of a WebSocket when the identity ends that it was opened with.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[CancelAfter(60_000)]
internal sealed class IdentityExpiryScenarios(Carrier carrier) : IOverCarriers
{
    // RFC 6455 section 7.4.1: 1008, and the reason.
    private static readonly byte[] PolicyViolation = [0x88, 0x12, 0x03, 0xF0, .. "identity_expired"u8];

    private readonly ManualTime _time = new();

    public Carrier Carrier => carrier;

    [Test]
    public async Task A_web_socket_is_closed_at_exp_between_two_frames()
    {
        await using var open = await OpenAsync("{any: web, close_at_expiry: true}");
        open.Endpoint.Send([0x81, 0x02, (byte)'h']);
        Assert.That(open.Client.ReadBytes(3), Is.EqualTo(new byte[] { 0x81, 0x02, (byte)'h' }));
        await open.AdvanceAsync(TimeSpan.FromSeconds(29));
        open.Client.Send("still here");
        Assert.That(open.Endpoint.ReadBytes(10), Is.EqualTo("still here"u8.ToArray()));
        await open.AdvanceAsync(TimeSpan.FromSeconds(2));
        open.Endpoint.Send([(byte)'i', 0x81, 0x01, (byte)'x']);
        Assert.That(open.Client.ReadBytes(1 + PolicyViolation.Length), Is.EqualTo((byte[])[(byte)'i', .. PolicyViolation]), "the frame that was begun, and the end");
        open.Client.Send([0x88, 0x80, 0, 0, 0, 0]);
        Assert.That(open.Endpoint.ReadBytes(6), Is.EqualTo(new byte[] { 0x88, 0x80, 0, 0, 0, 0 }), "the closing handshake is theirs");
        open.Endpoint.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Both);
        Assert.That(await open.ResultAsync(), Is.EqualTo(("identity_expired", "client", 101, "ann")));
    }

    [Test]
    public async Task A_frame_that_does_not_end_keeps_nobody_in()
    {
        await using var open = await OpenAsync("{any: web, close_at_expiry: true}");
        open.Endpoint.Send([0x81, 0x7E, 0xFF, 0xFF, (byte)'x']);
        open.Client.ReadBytes(5);
        await open.AdvanceAsync(TimeSpan.FromSeconds(31));
        open.Endpoint.Send("y");
        Assert.That(open.Client.ReadBytes(1), Is.EqualTo("y"u8.ToArray()));
        await open.AdvanceAsync(TimeSpan.FromSeconds(6));
        Assert.That(open.Client.IsCutOff(), Is.True);
        Assert.That((await open.ResultAsync()).Result, Is.EqualTo("identity_expired"));
    }

    [Test]
    public async Task Without_the_key_it_lives_on()
    {
        await using var open = await OpenAsync("web");
        await open.AdvanceAsync(TimeSpan.FromMinutes(5));
        open.Endpoint.Send([0x81, 0x01, (byte)'x']);
        Assert.That(open.Client.ReadBytes(3), Is.EqualTo(new byte[] { 0x81, 0x01, (byte)'x' }));
    }

    private async Task<OpenSocket> OpenAsync(string auth)
    {
        var exp = _time.GetUtcNow().ToUnixTimeSeconds() + 30;
        var open = new OpenSocket(_time, new LoopbackService(_ => LoopbackService.Answer(200, $$"""{"active": true, "sub": "ann", "exp": {{exp}}}""")));
        await open.StartAsync(auth);
        return open;
    }

    /// <summary>A WebSocket of a known caller, with both of its ends.</summary>
    private sealed class OpenSocket(ManualTime time, LoopbackService issuer) : IAsyncDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly System.Net.Sockets.Socket _listener = Loopback.Listen();
        private BareGateway _gateway = null!;

        public HttpWire Client { get; private set; } = null!;

        public HttpWire Endpoint { get; private set; } = null!;

        public async Task StartAsync(string auth)
        {
            await File.WriteAllTextAsync(_folder["secret"], "0123456789abcdef");
            _gateway = await BareGateway.StartAsync(
                $"{{routes: [{{upstream: up, auth: {auth}}}]}}",
                $"{{up: {{endpoints: [\"{_listener.LocalEndPoint}\"], health: {{passive: off}}}}}}\n{CallerGateway.Auth(issuer, _folder["secret"])}",
                access: LogDestination.File, time: time);
            Client = _gateway.Connect();
            Client.Get("/", CallerGateway.WebSocket + CallerGateway.Bearer("x"));
            Endpoint = new HttpWire(await _listener.AcceptAsync());
            Endpoint.Socket.ReceiveTimeout = Loopback.TimeoutMs;
            Endpoint.Send(WebSocketAnswer.To(Endpoint.ReadRequest()!));
            Assert.That(Client.ReadResponse().Status, Is.EqualTo(101));
        }

        public async Task AdvanceAsync(TimeSpan by)
        {
            time.Advance(by);
            foreach (var loop in _gateway.Loops.Loops.ToArray())
            {
                // What was due has fired when a second turn runs something.
                await loop.RunAsync(static _ => { }, loop);
                await loop.RunAsync(static _ => { }, loop);
            }
        }

        public async Task<(string? Result, string? Side, int Status, string? Identity)> ResultAsync()
        {
            Client.Dispose();
            Endpoint.Dispose();
            await Assert.ThatAsync(() => Task.FromResult(File.Exists(_gateway.AccessPath) ? File.ReadAllLines(_gateway.AccessPath).Length : 0), Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
            var line = JsonDocument.Parse(File.ReadAllLines(_gateway.AccessPath)[0]).RootElement;
            return (line.GetProperty("result").GetString(), line.GetProperty("side").GetString(), line.GetProperty("status").GetInt32(), line.GetProperty("identity").GetString());
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            Endpoint.Dispose();
            _listener.Dispose();
            await _gateway.DisposeAsync();
            await issuer.DisposeAsync();
            _folder.Dispose();
        }
    }
}
