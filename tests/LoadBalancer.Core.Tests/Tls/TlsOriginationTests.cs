using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Health;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Tls;

/// <summary>An engine as a client, with the options of an upstream, of a server that is SslStream's.</summary>
[TestFixture(TestEngines.LibSsl, SslProtocols.Tls12)]
[TestFixture(TestEngines.SslStream, SslProtocols.Tls12)]
[TestFixture(TestEngines.LibSsl, SslProtocols.Tls13)]
[TestFixture(TestEngines.SslStream, SslProtocols.Tls13)]
internal sealed class TlsOriginationTests(string engine, SslProtocols version)
{
    private static readonly Fault Failed = new(FaultSide.Upstream, FaultKind.TlsFailed, Retryable: true);
    private static readonly Fault Refused = new(FaultSide.Upstream, FaultKind.TlsVerifyFailed, Retryable: true);

    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _stranger = new("Stranger");
    private readonly ConcurrentQueue<TlsReport> _reports = new();
    private TemporaryFolder _folder = null!;
    private TestLoops _loops = null!;

    private string Ca => _folder["ca.pem"];

    [SetUp]
    public void Begin()
    {
        _reports.Clear();
        _folder = new TemporaryFolder();
        _loops = new TestLoops();
        File.WriteAllText(Ca, _authority.Pem);
    }

    [TearDown]
    public void End()
    {
        _loops.Run(() => Assert.That((_loops.First.Blocks.Rented, _loops.First.LargeBlocks.Rented, _loops.First.TimerCount, _loops.First.SourceCount), Is.EqualTo((0, 0, 0, 0)))).Wait();
        _loops.Dispose();
        _folder.Dispose();
    }

    [OneTimeTearDown]
    public void EndAll()
    {
        _authority.Dispose();
        _stranger.Dispose();
    }

    [Test]
    public async Task An_endpoint_whose_certificate_is_good_gets_and_gives_every_byte([Values(10, 20_000, 3_000_000)] int size)
    {
        using var server = new SslServer(version, _authority.Issue(30, "orders.internal"));
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca });
        Assert.That(await Echo(origination, server.Address, size), Is.EqualTo("None 0"));
        Assert.That(await server.Said, Is.EqualTo("orders.internal  "));
        Assert.That(_reports, Is.Empty);
    }

    [TestCase("expired", "the endpoint's certificate is refused: certificate has expired")]
    [TestCase("other name", "the endpoint's certificate is refused: hostname mismatch")]
    [TestCase("stranger", "the endpoint's certificate is refused: unable to get local issuer certificate")]
    [TestCase("only CN", "the endpoint's certificate is refused: hostname mismatch")]
    [TestCase("self", "the endpoint's certificate is refused: self-signed certificate")]
    public async Task An_endpoint_whose_certificate_is_not_good_is_refused_with_the_reason(string flaw, string reason)
    {
        using var server = new SslServer(version, Certificate(flaw));
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca });
        Assert.That(await Shake(origination, server.Address), Is.EqualTo(Refused));
        Assert.That(await Shake(origination, server.Address), Is.EqualTo(Refused));
        Assert.That(_reports, Is.EqualTo(new[] { new TlsReport("orders", server.Address, reason) }), "once for all");

        var insecure = Origination(new() { ServerName = "orders.internal", Insecure = true });
        Assert.That(await Shake(insecure, server.Address), Is.EqualTo(Fault.None));
    }

    [TestCase("127.0.0.1", ExpectedResult = FaultKind.None)]
    [TestCase("127.0.0.2", ExpectedResult = FaultKind.TlsVerifyFailed)]
    [TestCase("localhost", ExpectedResult = FaultKind.TlsVerifyFailed)]
    public async Task<FaultKind> Without_a_name_the_certificate_is_for_the_address_and_no_name_is_asked_for(string name)
    {
        using var server = new SslServer(version, _authority.Issue(30, name));
        var origination = Origination(new() { Ca = Ca });
        var fault = await Shake(origination, server.Address);
        if (!fault.Failed)
        {
            Assert.That(await server.Said, Does.StartWith(" "));
        }

        return fault.Kind;
    }

    // Some parsers take these for addresses; libssl does not, and verified no name at all then.
    [TestCase("10.1")]
    [TestCase("1234")]
    public async Task A_name_that_no_certificate_can_have_fits_none(string name)
    {
        using var server = new SslServer(version, _authority.Issue(30, "orders.internal", "127.0.0.1"));
        Assert.That(await Shake(Origination(new() { ServerName = name, Ca = Ca }), server.Address), Is.EqualTo(Refused));
        Assert.That(await Shake(Origination(new() { ServerName = name, Insecure = true }), server.Address), Is.EqualTo(Fault.None));
    }

    [Test]
    public async Task The_zone_of_an_address_is_no_part_of_what_the_certificate_must_be_for()
    {
        using var server = new SslServer(version, _authority.Issue(30, "fe80::1"));
        using var other = new SslServer(version, _authority.Issue(30, "fe80::2"));
        var address = new IPEndPoint(IPAddress.Parse("fe80::1%2"), 443);
        Assert.That(await Shake(Origination(new() { Ca = Ca }), server.Address, called: address), Is.EqualTo(Fault.None));
        Assert.That(await Shake(Origination(new() { Ca = Ca }), other.Address, called: address), Is.EqualTo(Refused));
    }

    [Test]
    public async Task The_endpoints_own_name_is_the_one_where_the_options_have_none()
    {
        using var server = new SslServer(version, _authority.Issue(30, "found.internal"));
        var origination = new TlsOrigination("orders", new() { Ca = Ca }, "found.internal", Outfit(), _reports.Enqueue);
        Assert.That(await Shake(origination, server.Address), Is.EqualTo(Fault.None));
        Assert.That(await server.Said, Does.StartWith("found.internal "));
    }

    [Test]
    public async Task A_wildcard_stands_for_one_label()
    {
        using var server = new SslServer(version, _authority.Issue(30, "*.shop.internal"));
        Assert.That(await Shake(Origination(new() { Ca = Ca, ServerName = "orders.shop.internal" }), server.Address), Is.EqualTo(Fault.None));
        Assert.That(await Shake(Origination(new() { Ca = Ca, ServerName = "a.orders.shop.internal" }), server.Address), Is.EqualTo(Refused));
    }

    [Test]
    public async Task Our_certificate_is_shown_to_an_endpoint_that_asks()
    {
        using var own = _authority.Issue(30, "lb.internal");
        WriteOwn(own);
        using var server = new SslServer(version, _authority.Issue(30, "orders.internal"), asks: true);
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca, Cert = _folder["own.pem"], Key = _folder["own.key"] });
        Assert.That(await Echo(origination, server.Address, 10), Is.EqualTo("None 0"));
        Assert.That(await server.Said, Is.EqualTo("orders.internal  CN=endpoint"));
    }

    [Test]
    public async Task What_is_offered_by_ALPN_is_what_the_caller_speaks()
    {
        using var server = new SslServer(version, _authority.Issue(30, "orders.internal"));
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca });
        Assert.That(await Shake(origination, server.Address, ApplicationProtocol.Http1), Is.EqualTo(Fault.None));
        Assert.That(await server.Said, Is.EqualTo("orders.internal http/1.1 "));
    }

    [Test]
    public async Task A_session_is_taken_up_again_and_forgotten_with_its_endpoint()
    {
        using var server = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(_authority, "orders.internal"));
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca });
        var resumed = new List<bool>();
        for (var at = 0; at < 3; at++)
        {
            await Echo(origination, server.Address, 10, session => resumed.Add(session.IsResumed));
        }

        origination.Keep(ImmutableHashSet<EndPoint>.Empty);
        await Echo(origination, server.Address, 10, session => resumed.Add(session.IsResumed));
        Assert.That(resumed, Is.EqualTo(engine == TestEngines.SslStream ? [false, false, false, false] : new[] { false, true, true, false }), "SslStream does not tell");
    }

    [Test]
    public async Task A_session_outlives_a_connection_that_was_reset()
    {
        using var server = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(_authority, "orders.internal"));
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca });
        var resumed = new List<bool>();
        for (var at = 0; at < 2; at++)
        {
            await Use(origination, server.Address, async (socket, session) =>
            {
                resumed.Add(session.IsResumed);
                var connection = new EpollConnection(socket, server.Address);
                connection.Observe();
                Write(connection, 10);
                await connection.Transport.Output.FlushAsync();
                await Read(connection, 10);
                connection.Abort();
            });
        }

        Assert.That(resumed, Is.EqualTo(new[] { false, engine != TestEngines.SslStream }), "SslStream does not tell");
    }

    [Test]
    public async Task Whoever_says_that_he_is_done_at_once_still_gets_the_whole_answer()
    {
        // The server's tickets come after our close_notify.
        using var server = new SslServer(version, _authority.Issue(30, "orders.internal"));
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca });
        Assert.That(await Echo(origination, server.Address, 0), Is.EqualTo("None 0"));
    }

    [Test]
    public async Task Tickets_are_no_news_of_an_idle_connection_and_an_end_is()
    {
        using var server = new SslServer(version, _authority.Issue(30, "orders.internal"));
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca });
        await Use(origination, server.Address, async (socket, session) =>
        {
            // One round, after which the tickets have come.
            var connection = new EpollConnection(socket, server.Address);
            connection.Observe();
            Write(connection, 10);
            await connection.Transport.Output.FlushAsync();
            await Read(connection, 10);
            Assert.That(socket.HasNews(), Is.False);
            server.Close();
            var seen = new TaskCompletionSource();
            socket.Observe(new Watcher(seen));
            if (socket.HasNews())
            {
                seen.TrySetResult();
            }

            await seen.Task.WaitAsync(TimeSpan.FromSeconds(20));
            await _loops.First;
            Assert.That(socket.HasNews(), Is.True);
            connection.Close();
        });
    }

    [Test]
    public async Task An_endpoint_that_speaks_in_clear_or_says_nothing_is_no_TLS_endpoint()
    {
        using var plain = Loopback.Listen();
        var serving = Task.Run(() =>
        {
            using var socket = plain.Accept();
            socket.ReceiveTimeout = Loopback.TimeoutMs;
            socket.Send("220 ready\r\n"u8);
            while (socket.Receive(new byte[1000]) > 0)
            {
            }
        });
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca });
        Assert.That(await Shake(origination, plain.LocalEndPoint!), Is.EqualTo(Failed));
        try
        {
            await serving;
        }
        catch (SocketException)
        {
            // Reset by us.
        }

        Assert.That(_reports.Single().Failure, Is.EqualTo("the endpoint does not speak TLS"));

        // Nobody accepts: the kernel does, and there is never a byte.
        using var silent = Loopback.Listen();
        Assert.That(await Shake(origination, silent.LocalEndPoint!, timeout: TimeSpan.FromMilliseconds(50)), Is.EqualTo(Failed));
        Assert.That(_reports.Last().Failure, Is.EqualTo("no TLS handshake in time"));
    }

    [Test]
    public async Task An_endpoint_that_works_again_is_told_once()
    {
        using var strange = new SslServer(version, Certificate("stranger"));
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca });
        Assert.That(await Shake(origination, strange.Address), Is.EqualTo(Refused));
        File.AppendAllText(Ca, "\n" + _stranger.Pem);
        File.SetLastWriteTimeUtc(Ca, File.GetLastWriteTimeUtc(Ca).AddSeconds(1));
        Assert.That(origination.Refresh());
        Assert.That(await Shake(origination, strange.Address), Is.EqualTo(Fault.None));
        Assert.That(await Shake(origination, strange.Address), Is.EqualTo(Fault.None));
        Assert.That(_reports.Select(report => (report.Address, report.Failure is null)), Is.EqualTo(new (EndPoint?, bool)[] { (strange.Address, false), (null, true), (strange.Address, true) }));
    }

    [Test]
    public async Task Files_that_have_become_no_use_leave_what_was_read_before_and_are_told_once()
    {
        using var server = new SslServer(version, _authority.Issue(30, "orders.internal"));
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca });
        File.WriteAllText(Ca, "-----BEGIN nothing");
        File.SetLastWriteTimeUtc(Ca, File.GetLastWriteTimeUtc(Ca).AddSeconds(1));
        Assert.That((origination.Refresh(), origination.Refresh()), Is.EqualTo((true, false)));
        Assert.That(_reports.Single(), Is.EqualTo(new TlsReport("orders", null, $"{Ca}: there is no certificate in it")));
        Assert.That(await Shake(origination, server.Address), Is.EqualTo(Fault.None));
        File.Delete(Ca);
        origination.Refresh();
        Assert.That(_reports.Last().Failure, Is.EqualTo($"{Ca}: no such file"));
        File.WriteAllText(Ca, _authority.Pem);
        origination.Refresh();
        Assert.That(_reports.Last(), Is.EqualTo(new TlsReport("orders", null, null)));
    }

    [Test]
    public void A_file_of_the_same_length_and_time_is_another_by_what_it_holds()
    {
        var origination = Origination(new() { ServerName = "orders.internal", Ca = Ca });
        var (text, time) = (File.ReadAllText(Ca), File.GetLastWriteTimeUtc(Ca));
        File.WriteAllText(Ca, new string('x', text.Length));
        File.SetLastWriteTimeUtc(Ca, time);
        Assert.That(origination.Refresh());
        Assert.That(_reports.Single().Failure, Is.EqualTo($"{Ca}: there is no PEM block in it"));
    }

    [Test]
    public void A_key_that_is_of_another_certificate_is_an_error_that_names_the_file()
    {
        using var own = _authority.Issue(30, "lb.internal");
        using var other = _authority.Issue(30, "lb.internal");
        WriteOwn(own);
        File.WriteAllText(_folder["own.key"], other.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var error = Assert.Throws<TlsSetupException>(() => Origination(new() { Cert = _folder["own.pem"], Key = _folder["own.key"] }));
        Assert.That((error!.File, error.Message), Is.EqualTo((_folder["own.key"], "the private key does not belong to the certificate")));
    }

    private X509Certificate2 Certificate(string flaw) => flaw switch
    {
        "expired" => _authority.Issue(-1, "orders.internal"),
        "other name" => _authority.Issue(30, "users.internal"),
        "stranger" => _stranger.Issue(30, "orders.internal"),
        "only CN" => _authority.IssueRsa(30, "orders.internal"),
        _ => SelfSigned(),
    };

    private static X509Certificate2 SelfSigned()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=orders.internal", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("orders.internal");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    private void WriteOwn(X509Certificate2 own)
    {
        File.WriteAllText(_folder["own.pem"], own.ExportCertificatePem());
        File.WriteAllText(_folder["own.key"], own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    private TlsOutfit Outfit() => new(TestEngines.Of(engine), new HandshakePaces(_loops.Group.Loops, TimeProvider.System));

    private TlsOrigination Origination(UpstreamTlsOptions options) => new("orders", options, null, Outfit(), _reports.Enqueue);

    private async Task<Fault> Shake(TlsOrigination origination, EndPoint address, ApplicationProtocol? protocol = null, TimeSpan? timeout = null, EndPoint? called = null)
    {
        var fault = Fault.None;
        await _loops.Run(async () =>
        {
            var result = await ConnectAttempt.StartAsync(_loops.First, address, TimeSpan.FromSeconds(10));
            fault = await origination.ShakeAsync(result.Socket!, called ?? address, protocol is { } one ? [one] : [], timeout ?? TimeSpan.FromSeconds(10));
            if (fault.Failed)
            {
                result.Socket!.Reset();
            }
            else
            {
                result.Socket!.Close();
            }

            return true;
        });
        return fault;
    }

    private Task<bool> Use(TlsOrigination origination, EndPoint address, Func<EpollSocket, TlsSession, Task> use) => _loops.Run(async () =>
    {
        var result = await ConnectAttempt.StartAsync(_loops.First, address, TimeSpan.FromSeconds(10));
        Assert.That(await origination.ShakeAsync(result.Socket!, address, [], TimeSpan.FromSeconds(10)), Is.EqualTo(Fault.None));
        await use(result.Socket!, (TlsSession)result.Socket!.Cipher!);
        return true;
    });

    /// <summary>Sends bytes and our end, and reads until theirs: the fault of the reader and how many bytes are missing.</summary>
    private async Task<string> Echo(TlsOrigination origination, EndPoint address, int size, Action<TlsSession>? see = null)
    {
        var said = "";
        await Use(origination, address, async (socket, session) =>
        {
            see?.Invoke(session);
            var connection = new EpollConnection(socket, address);
            connection.Observe();
            var sending = Send(connection, size);
            var got = 0L;
            while (true)
            {
                var read = await connection.Transport.Input.ReadAsync();
                got += read.Buffer.Length;
                connection.Transport.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }

            connection.Transport.Input.Complete();
            await sending;
            said = $"{connection.ReadFault} {size - got}{(session.IsTruncated ? " cut off" : "")}";
            connection.Close();
        });
        return said;

        static async Task Send(EpollConnection connection, int size)
        {
            for (var at = 0; at < size; at += 50_000)
            {
                Write(connection, Math.Min(size - at, 50_000));
                await connection.Transport.Output.FlushAsync();
            }

            connection.Transport.Output.Complete();
        }
    }

    private static void Write(EpollConnection connection, int size) => System.Buffers.BuffersExtensions.Write(connection.Transport.Output, new byte[size]);

    private static async Task Read(EpollConnection connection, int size)
    {
        var read = await connection.Transport.Input.ReadAtLeastAsync(size);
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
    }

    private sealed class Watcher(TaskCompletionSource seen) : IReadinessObserver
    {
        public void OnReady(EpollSocket socket)
        {
            if (socket.HasNews())
            {
                seen.TrySetResult();
            }
        }

        public void OnUnhandledError(EpollSocket socket) => seen.TrySetException(new InvalidOperationException());
    }

    /// <summary>A server of the platform's, which echoes.</summary>
    private sealed class SslServer : IDisposable
    {
        private readonly Socket _listener = Loopback.Listen();
        private readonly X509Certificate2 _certificate;
        private readonly SslProtocols _version;
        private readonly bool _asks;
        private readonly TaskCompletionSource<string> _said = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ConcurrentBag<Task> _serving = [];
        private readonly CancellationTokenSource _close = new();
        private readonly Task _accepting;

        public SslServer(SslProtocols version, X509Certificate2 certificate, bool asks = false)
        {
            (_version, _asks) = (version, asks);
            _certificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
            certificate.Dispose();
            _accepting = Task.Run(AcceptAsync);
        }

        public EndPoint Address => _listener.LocalEndPoint!;

        /// <summary>What the first session had: its name, its protocol, the client's certificate.</summary>
        public Task<string> Said => _said.Task.WaitAsync(TimeSpan.FromSeconds(20));

        /// <summary>Ends the sessions that are open.</summary>
        public void Close() => _close.Cancel();

        public void Dispose()
        {
            _listener.Dispose();
            _accepting.Wait(TimeSpan.FromSeconds(20));
            Task.WhenAll(_serving).Wait(TimeSpan.FromSeconds(20));
            _close.Dispose();
            _certificate.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    var socket = await _listener.AcceptAsync();
                    _serving.Add(Task.Run(() => ServeAsync(socket)));
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Disposed.
            }
        }

        private async Task ServeAsync(Socket socket)
        {
            await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), false, static (_, certificate, _, _) => certificate is not { Subject.Length: 0 });
            try
            {
                await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                {
                    ServerCertificate = _certificate,
                    EnabledSslProtocols = _version,
                    ClientCertificateRequired = _asks,
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                });
                _said.TrySetResult($"{stream.TargetHostName} {Encoding.ASCII.GetString(stream.NegotiatedApplicationProtocol.Protocol.Span)} {stream.RemoteCertificate?.Subject}");
                var buffer = new byte[64 * 1024];
                for (int count; (count = await stream.ReadAsync(buffer, _close.Token)) > 0;)
                {
                    await stream.WriteAsync(buffer.AsMemory(0, count));
                }

                await stream.ShutdownAsync();
            }
            catch (OperationCanceledException)
            {
                await stream.ShutdownAsync();
            }
            catch (Exception error) when (error is IOException or AuthenticationException or ObjectDisposedException)
            {
                // The client did not go on.
            }
        }
    }
}
