using System.Net;
using System.Net.Sockets;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Whose fault it is that the time of an exchange was over: what a client does opens no circuit and ejects nobody.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class BlameScenarios(Carrier carrier) : IOverCarriers
{
    private ManualTime _time = null!;
    private BareGateway _gateway = null!;

    public Carrier Carrier => carrier;

    private Endpoint Asked => _gateway.Upstreams["up"].View.All[0].Endpoint;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    /// <summary>Calls of a client in one go.</summary>
    private const int AtOnce = 40;

    [TestCase("slow", false)]
    [TestCase("late", false)]
    [TestCase("early", true)]
    public async Task An_upload_that_uses_up_the_time_is_no_failure_of_the_endpoint(string end, bool isEndpoints)
    {
        using var listener = Loopback.Listen();
        await using var gateway = _gateway = await StartAsync(listener.LocalEndPoint!, ", timeout: 4s");
        using (var client = gateway.Connect())
        {
            client.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello");
            using var served = Accept(listener);
            served.ReadBytes(5);
            await SeenAsync();
            Advance(end == "early" ? 500 : 3000);
            if (end != "slow")
            {
                client.Send("world");
                served.ReadBytes(5);
                await SeenAsync();
            }

            Advance(end == "early" ? 3600 : 1100);
            LimitScenarios.IsProblem(client.ReadResponse(), 504, "exchange_timeout");
        }

        gateway.Settle();
        AssertBlame(isEndpoints);
    }

    [Test]
    public async Task A_client_that_does_not_read_uses_up_its_own_time()
    {
        using var endpoint = new HttpEndpoint(new string('x', 200_000));
        await using var gateway = _gateway = await StartAsync(endpoint.Address, ", timeout: 4s");
        using (var client = gateway.Connect2())
        {
            client.OpensWindows = false;
            var stream = client.Get();
            Assert.That(client.ReadHead(stream, out _).Status, Is.EqualTo(200));
            for (var read = 0; read < 65_535; read += client.ReadOf(stream).Payload.Length)
            {
            }

            await SeenAsync();
            Advance(4100);
            Assert.That(client.ReadOf(stream).Kind, Is.EqualTo(FrameKind.ResetStream));
        }

        gateway.Settle();
        AssertBlame(isEndpoints: false);
    }

    [Test]
    public async Task A_bandwidth_of_lbs_own_is_no_slowness_of_the_endpoint()
    {
        using var endpoint = new HttpEndpoint(new string('x', 1_000_000));
        await using var gateway = _gateway = await StartAsync(
            endpoint.Address, ", timeout: 4s, rate_limit: narrow", more: "\nrate_limits: {narrow: {key: client_ip, bandwidth: {response: 64KiB/s, burst: 64KiB}}}");
        using (var client = gateway.Connect())
        {
            client.Get("/");
            Assert.That(client.ReadHead().Status, Is.EqualTo(200));
            await SeenAsync();
            Advance(4100);
            Assert.That(() => gateway.Leases, Is.Zero.After(Loopback.TimeoutMs, 5));
        }

        gateway.Settle();
        AssertBlame(isEndpoints: false);
    }

    [Test]
    public async Task One_that_is_silent_for_all_of_the_time_has_failed()
    {
        using var listener = Loopback.Listen();
        await using var gateway = _gateway = await StartAsync(listener.LocalEndPoint!, ", timeout: 4s");
        using (var client = gateway.Connect())
        {
            client.Get("/");
            using var served = Accept(listener);
            Advance(4100);
            LimitScenarios.IsProblem(client.ReadResponse(), 504, "exchange_timeout");
        }

        gateway.Settle();
        AssertBlame(isEndpoints: true);
    }

    [Test]
    public async Task A_deadline_of_the_callers_own_is_not_the_endpoints_and_one_that_nobody_can_meet_is_not_sent()
    {
        using var listener = Loopback.Listen();
        await using var gateway = _gateway = await StartAsync(listener.LocalEndPoint!, ", timeout: 1h");
        using (var client = gateway.Connect())
        {
            client.Get("/", "Content-Type: application/grpc\r\ngrpc-timeout: 100m\r\n");
            using var served = Accept(listener);
            Advance(150);
            Assert.That(client.ReadResponse()["grpc-status"], Is.EqualTo("4"));
        }

        for (var call = 0; call < 20; call++)
        {
            using var client = gateway.Connect();
            Assert.That(client.Get("/", "Content-Type: application/grpc\r\ngrpc-timeout: 500u\r\n").ReadResponse()["grpc-status"], Is.EqualTo("4"));
        }

        gateway.Settle();
        AssertBlame(isEndpoints: false);
        Assert.That(Asked.Load.Leased, Is.EqualTo(1));
    }

    [Test]
    public async Task Whoever_has_calls_taken_back_again_and_again_is_told_to_calm_down()
    {
        using var endpoint = new HttpEndpoint((wire, _) =>
        {
            wire.IsCutOff();
            throw new OperationCanceledException();
        });
        await using var gateway = _gateway = await StartAsync(endpoint.Address, "");
        var calls = 0;
        Http2Error? end = null;
        using (var client = gateway.Connect2())
        {
            while (end is null && calls < 400)
            {
                for (var call = 0; call < AtOnce; call++, calls++)
                {
                    client.Get("/", ("content-type", "application/grpc"), ("grpc-timeout", "10m"));
                }

                Assert.That(() => endpoint.Requests.Count, Is.EqualTo(calls).After(Loopback.TimeoutMs, 5));
                Advance(50);
                Assert.That(() => gateway.Leases, Is.Zero.After(Loopback.TimeoutMs, 5), $"call {calls}");
                for (var answered = 0; end is null && answered < AtOnce;)
                {
                    var frame = client.Read()!;
                    answered += frame.EndsStream && frame.Kind == FrameKind.Headers ? 1 : 0;
                    end = frame.Kind == FrameKind.GoAway ? frame.Error : null;
                }

                // What comes behind the last answer is there before the answer to this.
                client.Send(FrameKind.Ping, FrameFlags.None, 0, new byte[8]);
                for (var pongs = 0; end is null && pongs == 0;)
                {
                    var frame = client.Read()!;
                    pongs += frame.Kind == FrameKind.Ping ? 1 : 0;
                    end = frame.Kind == FrameKind.GoAway ? frame.Error : null;
                }
            }
        }

        Assert.That(end, Is.EqualTo(Http2Error.EnhanceYourCalm));
        Assert.That(calls, Is.InRange(200, 200 + (2 * AtOnce)), "twice as many as it may have at once, and what has come in meanwhile");
        gateway.Settle();
        AssertBlame(isEndpoints: false);
    }

    private static HttpWire Accept(Socket listener)
    {
        var served = new HttpWire(listener.Accept());
        served.Socket.ReceiveTimeout = Loopback.TimeoutMs;
        served.ReadHead();
        return served;
    }

    private void AssertBlame(bool isEndpoints)
    {
        Assert.That((Asked.Load.Faults(FaultKind.ExchangeTimeout), Asked.Load.Failed), Is.EqualTo(isEndpoints ? (1, 1) : (0, 0)));
        Assert.That(_gateway.Upstreams["up"].Circuit!.State, Is.EqualTo(isEndpoints ? CircuitState.Open : CircuitState.Closed));
    }

    private void Advance(int milliseconds)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        foreach (var loop in _gateway.Loops.Loops)
        {
            loop.Wake();
        }
    }

    // What was sent to it before is read by then: a loop looks at its sockets between two turns of what is posted to it.
    private async Task SeenAsync()
    {
        for (var turn = 0; turn < 3; turn++)
        {
            await _gateway.LookAsync();
        }
    }

    private Task<BareGateway> StartAsync(EndPoint endpoint, string route, string http = "", string more = "") => BareGateway.StartAsync(
        $"{{routes: [{{path: \"/*\", upstream: up{route}}}]{http}}}",
        $"{{up: {{endpoints: [\"{endpoint}\"], circuit_breaker: {{minimum: 1, failure_ratio: 1%}}, health: {{passive: {{consecutive: 1}}}}}}}}{more}",
        loops: 1,
        time: _time);
}
