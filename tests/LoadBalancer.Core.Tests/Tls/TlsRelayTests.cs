using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using LoadBalancer.Faults;
using LoadBalancer.Tcp;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests.Health;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Tls;

/// <summary>The relay between two sides that both speak TLS with it: it does not know.</summary>
[TestFixture(TestEngines.LibSsl)]
[TestFixture(TestEngines.SslStream)]
internal sealed class TlsRelayTests(string engine)
{
    private readonly TestAuthority _authority = new();

    [OneTimeTearDown]
    public void End() => _authority.Dispose();

    [TestCase(10)]
    [TestCase(20_000)]
    [TestCase(3_000_000)]
    public async Task The_clients_end_reaches_the_endpoint_after_every_byte_and_the_answer_still_comes(int size)
    {
        await using var pair = await Pair.StartAsync(engine, _authority);
        var sent = Loopback.Pattern(size);
        var answering = Task.Run(async () =>
        {
            var received = await ToEnd(pair.Endpoint);
            await pair.Endpoint.WriteAsync(received);
            await pair.Endpoint.ShutdownAsync();
        });
        await pair.Client.WriteAsync(sent);
        await pair.Client.ShutdownAsync();
        Assert.That((await ToEnd(pair.Client)).AsSpan().SequenceEqual(sent));
        await answering;
        Assert.That(await pair.Ended, Is.EqualTo(((long)size, (long)size, Fault.None)));
    }

    [TestCase(10)]
    [TestCase(20_000)]
    [TestCase(3_000_000)]
    public async Task The_endpoints_end_reaches_the_client_and_the_client_may_go_on(int size)
    {
        await using var pair = await Pair.StartAsync(engine, _authority);
        var sent = Loopback.Pattern(size);
        var serving = Task.Run(async () =>
        {
            await pair.Endpoint.WriteAsync(sent);
            await pair.Endpoint.ShutdownAsync();
            return await ToEnd(pair.Endpoint);
        });
        Assert.That((await ToEnd(pair.Client)).AsSpan().SequenceEqual(sent));
        await pair.Client.WriteAsync(sent);
        await pair.Client.ShutdownAsync();
        Assert.That((await serving).AsSpan().SequenceEqual(sent));
        Assert.That(await pair.Ended, Is.EqualTo(((long)size, (long)size, Fault.None)));
    }

    [Test]
    public async Task Both_directions_at_once_carry_every_byte_although_one_reads_late()
    {
        await using var pair = await Pair.StartAsync(engine, _authority);
        var (up, down) = (Loopback.Pattern(9_000_000), Loopback.Pattern(8_000_000));
        var sending = Task.WhenAll(pair.Client.WriteAsync(up).AsTask(), pair.Endpoint.WriteAsync(down).AsTask());

        // No end here: an SslStream that is shut down while another thread reads from it may fail by itself.
        var atEndpoint = Task.Run(() => Read(pair.Endpoint, up.Length));
        Assert.That((await atEndpoint).AsSpan().SequenceEqual(up));
        Assert.That((await Read(pair.Client, down.Length)).AsSpan().SequenceEqual(down));
        await sending;

        static async Task<byte[]> Read(SslStream from, int count)
        {
            var bytes = new byte[count];
            await from.ReadExactlyAsync(bytes);
            return bytes;
        }
    }

    [Test]
    public async Task A_reset_of_one_side_is_a_reset_of_the_other([Values] bool byClient)
    {
        await using var pair = await Pair.StartAsync(engine, _authority);
        await pair.Client.WriteAsync(new byte[20_000]);
        await pair.Endpoint.ReadExactlyAsync(new byte[20_000]);
        (byClient ? pair.ClientSocket : pair.EndpointSocket).Abort();
        var error = Assert.CatchAsync<IOException>(async () => await (byClient ? pair.Endpoint : pair.Client).ReadExactlyAsync(new byte[10]));
        Assert.That((error!.InnerException as SocketException)?.SocketErrorCode, Is.EqualTo(SocketError.ConnectionReset));
        Assert.That((await pair.Ended).Fault, Is.EqualTo(new Fault(byClient ? FaultSide.Client : FaultSide.Upstream, FaultKind.Reset)));
    }

    [Test]
    public async Task A_record_that_was_changed_resets_both_sides([Values] bool byClient)
    {
        await using var pair = await Pair.StartAsync(engine, _authority);
        var wire = byClient ? pair.ClientWire : pair.EndpointWire;
        wire.Tamper = static bytes =>
        {
            bytes[^1] ^= 1;
            return bytes;
        };
        await (byClient ? pair.Client : pair.Endpoint).WriteAsync(new byte[100]);
        Assert.That((await pair.Ended).Fault, Is.EqualTo(new Fault(byClient ? FaultSide.Client : FaultSide.Upstream, FaultKind.TlsRecordInvalid)));
    }

    private static async Task<byte[]> ToEnd(SslStream from)
    {
        using var all = new MemoryStream();
        await from.CopyToAsync(all);
        return all.ToArray();
    }

    private sealed class Pair : IAsyncDisposable
    {
        private readonly TestLoops _loops = new();
        private readonly Socket _endpoints = Loopback.Listen();
        private readonly TaskCompletionSource<(long, long, Fault)> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TlsServerContext _server;
        private readonly TlsClientContext _client;
        private readonly HandshakePaces _paces;
        private readonly EpollListener _listener;

        private Pair(string engine, TestAuthority authority)
        {
            _server = TestEngines.Of(engine).CreateServer(TlsEcho.Settings(authority));
            _client = TestEngines.Of(engine).CreateClient(new TlsClientSettings { ServerName = "localhost", AuthoritiesPem = System.Text.Encoding.ASCII.GetBytes(authority.Pem) });
            _paces = new HandshakePaces(_loops.Group.Loops, TimeProvider.System);
            _listener = EpollListener.Bind(_loops.Group.Loops, new IPEndPoint(IPAddress.Loopback, 0), new TestSink(client => _ = ServeAsync(client)));
            _listener.Start();
        }

        public SslStream Client { get; private set; } = null!;

        public SslStream Endpoint { get; private set; } = null!;

        public TamperedStream ClientWire { get; private set; } = null!;

        public TamperedStream EndpointWire { get; private set; } = null!;

        public Socket ClientSocket { get; private set; } = null!;

        public Socket EndpointSocket { get; private set; } = null!;

        /// <summary>Bytes up and down, and how it ended.</summary>
        public Task<(long Up, long Down, Fault Fault)> Ended => _ended.Task.WaitAsync(TimeSpan.FromSeconds(20));

        public static async Task<Pair> StartAsync(string engine, TestAuthority authority)
        {
            var pair = new Pair(engine, authority);
            pair.ClientSocket = Loopback.Connect(pair._listener.Address);
            pair.ClientWire = new TamperedStream(new NetworkStream(pair.ClientSocket, ownsSocket: true));
            pair.Client = new SslStream(pair.ClientWire, false, static (_, certificate, _, _) => certificate is not null);
            var authenticating = pair.Client.AuthenticateAsClientAsync("localhost");
            pair.EndpointSocket = await pair._endpoints.AcceptAsync();
            pair.EndpointWire = new TamperedStream(new NetworkStream(pair.EndpointSocket, ownsSocket: true));
            pair.Endpoint = new SslStream(pair.EndpointWire);
            using var issued = authority.Issue(30, "localhost");
            var certificate = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadPkcs12(
                issued.Export(System.Security.Cryptography.X509Certificates.X509ContentType.Pkcs12), null);
            await Task.WhenAll(authenticating, pair.Endpoint.AuthenticateAsServerAsync(certificate));

            // Both ways once: a reset before the relay has begun would be the handshake's.
            await pair.Client.WriteAsync(new byte[1]);
            await pair.Endpoint.ReadExactlyAsync(new byte[1]);
            return pair;
        }

        public async ValueTask DisposeAsync()
        {
            ClientSocket.Dispose();
            EndpointSocket.Dispose();
            await Ended;
            await _listener.CloseAsync();
            _endpoints.Dispose();
            await _loops.Run(() => Assert.That(
                (_loops.First.Blocks.Rented, _loops.First.LargeBlocks.Rented, _loops.First.Pipes.Rented, _loops.First.TimerCount), Is.EqualTo((0, 0, 0, 0)), "still held"));
            _loops.Dispose();
        }

        private async Task ServeAsync(EpollConnection client)
        {
            var (socket, pace) = (client.TryTakeSocket()!, _paces.On(client.Loop));
            var fault = await TlsHandshake.StartAsync(socket, _server.NewSession(socket), FaultSide.Client, pace, TimeSpan.FromSeconds(10));
            var address = _endpoints.LocalEndPoint!;
            var connected = await ConnectAttempt.StartAsync(client.Loop, address, TimeSpan.FromSeconds(10));
            var endpoint = connected.Socket!;
            fault = fault.Failed ? fault : await TlsHandshake.StartAsync(endpoint, _client.NewSession(endpoint, address, []), FaultSide.Upstream, pace, TimeSpan.FromSeconds(10));
            Assert.That(fault, Is.EqualTo(Fault.None));
            var relay = new Relay(socket, endpoint, new TcpTimeouts(), new ListenerMetrics("all", loops: 1));
            fault = await relay.RunAsync();
            relay.Close();
            client.Close();
            _ended.SetResult((relay.BytesUp - 1, relay.BytesDown, fault));
        }
    }
}
