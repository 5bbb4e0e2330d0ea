using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Tls;

[TestFixture(TestEngines.LibSsl)]
[TestFixture(TestEngines.SslStream)]
internal sealed class TlsFloodScenarios(string engine)
{
    private CertificateFolder _certificates = null!;
    private HttpEndpoint _endpoint = null!;

    [SetUp]
    public void MakeFolder()
    {
        (_certificates, _endpoint) = (new CertificateFolder(), new HttpEndpoint("hello"));
        _certificates.Write("a", "localhost");
    }

    [TearDown]
    public void RemoveFolder()
    {
        _endpoint.Dispose();
        _certificates.Dispose();
    }

    [Test]
    public async Task D5_a_client_that_never_says_hello_is_closed_at_the_deadline()
    {
        await using var gateway = await Start("http: {upstream: up, timeouts: {handshake: 100ms}}");
        using var client = Loopback.Connect(gateway.Address);
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
        await UntilRejected(gateway, "handshake_timeout", 1);
    }

    [Test]
    public async Task D5_a_client_that_stops_in_the_middle_is_closed_at_the_deadline()
    {
        await using var gateway = await Start("tcp: up, timeouts: {handshake: 100ms}");
        using var client = Loopback.Connect(gateway.Address);
        client.Send(Hello());
        Assert.That(() => client.ReceiveToEnd(), Throws.TypeOf<SocketException>());
        await UntilRejected(gateway, "handshake_timeout", 1);
    }

    [Test]
    public async Task D5_four_thousand_half_done_handshakes_keep_nobody_out_and_leave_nothing_behind()
    {
        const int Most = 500;
        await using var gateway = await Start("http: up, max_connections: 8000", $", max_handshakes: {Most}");
        using var established = gateway.Connect();
        Assert.That(established.Get("/").Status, Is.EqualTo(200));
        var hello = Hello();
        var flood = new List<Socket>();
        try
        {
            for (var at = 0; at < 4_000; at++)
            {
                var socket = Loopback.Connect(gateway.Address);
                flood.Add(socket);

                // Half of them never say a word, half of them make lb answer.
                if (at % 2 == 0)
                {
                    socket.Send(hello);
                }

                if (at % 500 == 0)
                {
                    Assert.That(established.Get("/").Status, Is.EqualTo(200));
                    using var another = gateway.Connect();
                    Assert.That(another.Get("/").Status, Is.EqualTo(200), "a new client gets in too");
                }
            }

            await gateway.Daemon.UntilAsync(status => Listener(status).GetProperty("connections").GetInt64() > 4_000, "all of them");
            await UntilRejected(gateway, "too_many_handshakes", 4_000 - Most);
            var now = Listener(await gateway.Daemon.StatusAsync());
            Assert.That(now.GetProperty("tls").GetProperty("handshaking").GetInt32(), Is.EqualTo(Most));
        }
        finally
        {
            flood.ForEach(socket => socket.Dispose());
        }

        await gateway.Daemon.UntilAsync(status => Listener(status).GetProperty("active_connections").GetInt64() == 1, "the end of the flood");
        var after = Listener(await gateway.Daemon.StatusAsync());
        Assert.That(after.GetProperty("tls").GetProperty("handshaking").GetInt32(), Is.Zero);
        Assert.That(established.Get("/").Status, Is.EqualTo(200));
    }

    [Test]
    public async Task Of_many_loops_each_may_have_the_handshakes_that_the_others_leave()
    {
        // Of 24 clients on 16 loops some loop has more than a share, which is one here.
        const int Most = 24;
        await using var gateway = await TlsGateway.StartAsync(
            TlsGateway.Text("http: up", $"certificates: {_certificates.ItemOf("a")}, max_handshakes: {Most}", _endpoint.Address), loops: 16, engine: engine);
        var clients = Enumerable.Range(0, Most).Select(_ => Loopback.Connect(gateway.Address)).ToList();
        await gateway.Daemon.UntilAsync(status => Listener(status).GetProperty("tls").GetProperty("handshaking").GetInt32() == Most, "all of them");
        Assert.That(Listener(await gateway.Daemon.StatusAsync()).GetProperty("rejected").GetProperty("too_many_handshakes").GetInt64(), Is.Zero);

        clients.AddRange(Enumerable.Range(0, 10).Select(_ => Loopback.Connect(gateway.Address)));
        await UntilRejected(gateway, "too_many_handshakes", 10);
        using var another = gateway.Connect();
        Assert.That(another.Get("/").Status, Is.EqualTo(200), "a new client gets in");
        Assert.That(Listener(await gateway.Daemon.StatusAsync()).GetProperty("tls").GetProperty("handshaking").GetInt32(), Is.InRange(Most - 1, Most));
        clients.ForEach(client => client.Dispose());
    }

    [Test]
    public async Task What_is_no_tls_ends_with_a_reason_and_harms_nobody()
    {
        await using var gateway = await Start("tcp: up");
        var random = new Random(5);
        for (var round = 0; round < 300; round++)
        {
            var hello = Hello();
            var bytes = (round % 4) switch
            {
                0 => hello[..random.Next(hello.Length)],
                1 => Flipped(hello, random),
                2 => Noise(random),
                _ => [.. hello, .. Noise(random)],
            };
            using var client = Loopback.Connect(gateway.Address);
            client.Send(bytes);
            client.Shutdown(SocketShutdown.Send);
            try
            {
                client.ReceiveToEnd();
            }
            catch (SocketException)
            {
                // A reset is an answer too.
            }
        }

        await gateway.Daemon.UntilAsync(status => Listener(status).GetProperty("active_connections").GetInt64() == 0, "the end of all");
        var rejected = Listener(await gateway.Daemon.StatusAsync()).GetProperty("rejected");
        Assert.That(rejected.GetProperty("bug").GetInt64(), Is.Zero);
        Assert.That(rejected.GetProperty("tls_handshake_failed").GetInt64(), Is.GreaterThan(200));
        await using var good = new SslStream(new NetworkStream(Loopback.Connect(gateway.Address), ownsSocket: true), false, static (_, certificate, _, _) => certificate is not null);
        await good.AuthenticateAsClientAsync("localhost");
    }

    [Test]
    public async Task T1_a_client_that_wants_to_renegotiate_is_not_obeyed()
    {
        await using var gateway = await Start("http: up");

        // A line that is R alone makes openssl ask for another handshake.
        var client = Command.Run("bash", ["-c", $"(sleep 0.3; echo R; sleep 1) | timeout 20 openssl s_client -tls1_2 -connect {gateway.Address} -servername localhost"]);
        Assert.That(client.Output, Does.Contain("RENEGOTIATING").And.Contains("no renegotiation"));
    }

    [Test]
    public async Task A_client_that_leaves_in_the_middle_leaves_nothing_behind()
    {
        await using var gateway = await Start("http: up");
        var hello = Hello();
        for (var round = 0; round < 100; round++)
        {
            var client = Loopback.Connect(gateway.Address);
            client.Send(hello.AsSpan(0, round * hello.Length / 100));
            if (round % 2 == 0)
            {
                client.Abort();
            }
            else
            {
                client.Dispose();
            }
        }

        await gateway.Daemon.UntilAsync(
            status => Listener(status) is var now && now.GetProperty("connections").GetInt64() == 100 && now.GetProperty("active_connections").GetInt64() == 0, "the end of all");
    }

    private static byte[] Flipped(byte[] bytes, Random random)
    {
        var flipped = bytes.ToArray();
        for (var count = 0; count < 3; count++)
        {
            flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
        }

        return flipped;
    }

    private static byte[] Noise(Random random)
    {
        var bytes = new byte[random.Next(1, 2_000)];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>A ClientHello of this platform's own client.</summary>
    private static byte[] Hello()
    {
        using var listener = Loopback.Listen();
        using var client = Loopback.Connect(listener.LocalEndPoint!);
        using var server = listener.Accept();
        using var stream = new SslStream(new NetworkStream(client));
        using var stop = new CancellationTokenSource();
        var handshake = stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, stop.Token);
        var head = server.ReceiveExactly(5);
        byte[] hello = [.. head, .. server.ReceiveExactly((head[3] << 8) | head[4])];
        stop.Cancel();
        Assert.That(async () => await handshake, Throws.InstanceOf<Exception>());
        return hello;
    }

    private static JsonElement Listener(JsonElement status) => status.GetProperty("listeners").EnumerateArray().Single();

    private static Task UntilRejected(TlsGateway gateway, string reason, long count) =>
        gateway.Daemon.UntilAsync(status => Listener(status).GetProperty("rejected").GetProperty(reason).GetInt64() >= count, $"{count} times {reason}");

    private Task<TlsGateway> Start(string layer, string tls = "") =>
        TlsGateway.StartAsync(TlsGateway.Text(layer, $"certificates: {_certificates.ItemOf("a")}{tls}", _endpoint.Address), engine: engine);
}
