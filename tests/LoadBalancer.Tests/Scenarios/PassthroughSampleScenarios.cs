using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;
using static LoadBalancer.Daemon.Tests.Scenarios.PassthroughScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>samples/tcp-passthrough/lb.yaml as it stands, with its addresses replaced, in front of endpoints that speak TLS.</summary>
internal sealed class PassthroughSampleScenarios
{
    private TlsEndpoint _shop = null!;
    private TlsEndpoint _one = null!;
    private TlsEndpoint _two = null!;
    private DaemonHarness _daemon = null!;
    private EndPoint _address = null!;

    [SetUp]
    public async Task Start()
    {
        (_shop, _one, _two) = (new TlsEndpoint("shop", isProxied: true), new TlsEndpoint("one"), new TlsEndpoint("two"));
        _daemon = await DaemonHarness.StartAsync(WorkTree.Read("samples/tcp-passthrough/lb.yaml")
            .Replace("\":443\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
            .Replace("10.0.4.10:443", _shop.Address.ToString(), StringComparison.Ordinal)
            .Replace("10.0.4.20:443", _one.Address.ToString(), StringComparison.Ordinal)
            .Replace("10.0.4.21:443", _two.Address.ToString(), StringComparison.Ordinal));
        _address = await _daemon.AddressOfAsync("tls");
    }

    [TearDown]
    public async Task End()
    {
        await _daemon.DisposeAsync();
        _shop.Dispose();
        _one.Dispose();
        _two.Dispose();
    }

    [TestCase("www.example.com")]
    [TestCase("a.b.example.com")]
    public async Task A_name_leads_to_both_endpoints_of_its_upstream_each_with_its_own_certificate(string name)
    {
        // Open at once: the endpoint with fewer connections has the second.
        await using var first = await Session.OpenAsync(_address, name);
        await using var second = await Session.OpenAsync(_address, name);
        Assert.That(new[] { first.Subject, second.Subject }, Is.EquivalentTo(new[] { "CN=one", "CN=two" }));
        Assert.That(new[] { first.Greeting, second.Greeting }, Is.EquivalentTo(new[] { "one", "two" }));
    }

    [TestCase("shop.example.com")]
    [TestCase("SHOP.example.com")]
    public async Task An_exact_name_wins_and_its_endpoint_is_told_who_the_client_is(string name)
    {
        await using var session = await Session.OpenAsync(_address, name);
        Assert.That((session.Subject, session.Greeting), Is.EqualTo(("CN=shop", $"shop {session.LocalAddress}")));
    }

    [Test]
    public async Task Bytes_pass_in_both_directions_as_they_are()
    {
        await using var session = await Session.OpenAsync(_address, "shop.example.com");
        var sent = Loopback.Pattern(1_000_000);
        var sends = session.Stream.WriteAsync(sent).AsTask();
        var echoed = new byte[sent.Length];
        await session.Stream.ReadExactlyAsync(echoed).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        await sends;
        Assert.That(echoed.AsSpan().SequenceEqual(sent));
    }

    [TestCase("-servername example.com")]
    [TestCase("-servername shop.example.org")]
    [TestCase("-noservername")]
    public async Task Another_name_or_none_is_told_that_it_is_not_served(string arguments)
    {
        var said = await OpensslAsync(_address, arguments);
        Assert.That(said, Does.Contain("tlsv1 unrecognized name").IgnoreCase);
        Assert.That(said, Does.Contain("no peer certificate available"));
        await _daemon.UntilAsync(status => Rejected(status, "no_route") == 1, "the refusal is counted");
    }

    [Test]
    public async Task What_is_no_TLS_is_closed_and_hears_nothing()
    {
        using var client = Loopback.Connect(_address);
        client.Send("GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n"u8);
        try
        {
            Assert.That(client.ReceiveToEnd(), Is.Empty);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            // As the kernel closes a socket with bytes that nobody has read.
        }

        await _daemon.UntilAsync(status => Rejected(status, "client_hello_missing") == 1, "the refusal is counted");
    }

    [Test]
    public async Task An_endpoint_that_is_down_is_passed_over_without_a_failed_handshake()
    {
        _one.Dispose();
        for (var session = 0; session < 4; session++)
        {
            await using var next = await Session.OpenAsync(_address, "www.example.com");
            Assert.That(next.Subject, Is.EqualTo("CN=two"));
        }

        await _daemon.UntilAsync(status => Endpoint(status, _one.Address).GetProperty("state").GetString() != "available", "it is found to be down");
    }

    /// <summary>A client's TLS session: what it saw of the other end.</summary>
    private sealed record Session(SslStream Stream, EndPoint LocalAddress, string Subject, string Greeting) : IAsyncDisposable
    {
        public static async Task<Session> OpenAsync(EndPoint address, string name)
        {
            var subject = "";
            var socket = Loopback.Connect(address);
            var local = socket.LocalEndPoint!;
            var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false, (_, certificate, _, _) =>
            {
                subject = certificate?.Subject ?? "";
                return certificate is not null;
            });
            try
            {
                await stream.AuthenticateAsClientAsync(name).WaitAsync(TimeSpan.FromSeconds(30));
                return new Session(stream, local, subject, await ReadLineAsync(stream));
            }
            catch
            {
                await stream.DisposeAsync();
                throw;
            }
        }

        public ValueTask DisposeAsync() => Stream.DisposeAsync();
    }
}
