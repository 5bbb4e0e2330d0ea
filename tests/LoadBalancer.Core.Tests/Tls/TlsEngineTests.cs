using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Health;
using LoadBalancer.Tls;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Tls;

/// <summary>What an engine does as a server with a client that means well.</summary>
[TestFixture(TestEngines.LibSsl, SslProtocols.Tls12)]
[TestFixture(TestEngines.SslStream, SslProtocols.Tls12)]
[TestFixture(TestEngines.LibSsl, SslProtocols.Tls13)]
[TestFixture(TestEngines.SslStream, SslProtocols.Tls13)]
internal sealed class TlsEngineTests(string engine, SslProtocols version)
{
    [TestCase(1)]
    [TestCase(100)]
    [TestCase(16_384)]
    [TestCase(16_385)]
    [TestCase(3_000_000)]
    public async Task Every_byte_comes_back(int size)
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        await using var client = echo.Connect();
        await Authenticate(client);
        await Echoes(client, size);
        Assert.That(await echo.Handshake, Is.EqualTo(Fault.None));
        Assert.That(echo.Said, Is.EqualTo($"{(version == SslProtocols.Tls12 ? "TLSv1.2" : "TLSv1.3")} None localhost False"));
        await client.ShutdownAsync();
        Assert.That(await client.ReadAsync(new byte[10]), Is.Zero);
        Assert.That(await echo.End, Is.EqualTo("None False "));
    }

    [Test]
    public async Task A_handshake_may_come_byte_by_byte()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        await using var client = echo.Connect(out var wire);
        wire.PieceBytes = 1;
        await Authenticate(client);
        await Echoes(client, 1000);
        Assert.That(await echo.Handshake, Is.EqualTo(Fault.None));
    }

    [Test]
    public async Task A_client_that_does_not_read_holds_the_server_back_and_then_gets_every_byte()
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sent = Loopback.Pattern(60_000);
        var pieces = 0;
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority), async client =>
        {
            while (!held.Task.IsCompleted)
            {
                client.Transport.Output.Write(sent);
                pieces++;
                var flush = client.Transport.Output.FlushAsync();
                if (!flush.IsCompleted)
                {
                    held.SetResult();
                }

                Assert.That((await flush).IsCompleted, Is.False);
            }

            client.Transport.Output.Complete();
        });
        await using var client = echo.Connect();
        await Authenticate(client);
        await held.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var received = new byte[sent.Length];
        for (var at = 0; at < Volatile.Read(ref pieces); at++)
        {
            await client.ReadExactlyAsync(received);
            Assert.That(received.AsSpan().SequenceEqual(sent), $"piece {at}");
        }

        Assert.That(await client.ReadAsync(received), Is.Zero);
    }

    [Test]
    public async Task Pieces_of_every_size_keep_their_order_where_the_client_reads_slowly()
    {
        var sent = Loopback.Pattern(12_000_000);
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority), async client =>
        {
            var output = (LoopPipeWriter)client.Transport.Output;
            for (int at = 0, turn = 0; at < sent.Length; turn++)
            {
                // A head and the body behind it, in one call and through it.
                var head = Math.Min(1 + (turn * 37 % 900), sent.Length - at);
                output.Write(sent.AsSpan(at, head));
                at += head;
                var body = Math.Min(turn * 7919 % 200_000, sent.Length - at);
                output.WriteThrough(sent.AsSpan(at, body));
                at += body;
                Assert.That((await output.FlushAsync()).IsCompleted, Is.False);
            }

            output.Complete();
        });
        await using var client = echo.Connect();
        await Authenticate(client);
        await echo.Handshake;
        await echo.Loops.Run(() => { });
        using var received = new MemoryStream();
        await client.CopyToAsync(received);
        Assert.That(received.GetBuffer().AsSpan(0, (int)received.Length).SequenceEqual(sent));
    }

    [Test]
    public async Task Both_directions_at_once_carry_every_byte()
    {
        var down = Loopback.Pattern(4_000_000);
        var up = Loopback.Pattern(5_000_000);
        using var received = new MemoryStream();
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority), async client =>
        {
            var sending = Send(client);
            await Read(client, received);
            await sending;
        });
        await using var client = echo.Connect();
        await Authenticate(client);
        var writing = client.WriteAsync(up).AsTask();
        var got = new byte[down.Length];
        await client.ReadExactlyAsync(got);
        await writing;

        // Only now: an SslStream that is shut down while another thread decrypts may find that one's error.
        await client.ShutdownAsync();
        Assert.That(await client.ReadAsync(new byte[1]), Is.Zero);
        Assert.That(got.AsSpan().SequenceEqual(down));
        Assert.That(await echo.End, Is.EqualTo("None False "));
        Assert.That(received.ToArray().AsSpan().SequenceEqual(up));

        async Task Send(EpollConnection client)
        {
            var output = client.Transport.Output;
            for (var at = 0; at < down.Length; at += 50_000)
            {
                output.Write(down.AsSpan(at, 50_000));
                await output.FlushAsync();
            }

            output.Complete();
        }
    }

    [Test]
    public async Task The_clients_word_that_it_is_done_is_its_end_and_it_still_reads()
    {
        using var authority = new TestAuthority();
        var sent = Loopback.Pattern(100_000);
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority), async client =>
        {
            await Read(client, Stream.Null);
            client.Transport.Output.Write(sent);
            await client.Transport.Output.FlushAsync();
            client.Transport.Output.Complete();
        });
        await using var client = echo.Connect();
        await Authenticate(client);

        // close_notify, and no FIN.
        await client.ShutdownAsync();
        using var got = new MemoryStream();
        await client.CopyToAsync(got);
        Assert.That(got.ToArray().AsSpan().SequenceEqual(sent));
        Assert.That(await echo.End, Is.EqualTo("None False "));
    }

    [Test]
    public async Task Data_that_ends_without_that_word_may_have_been_cut_off()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        var socket = Loopback.Connect(echo.Address);
        await using var client = new SslStream(new NetworkStream(socket, ownsSocket: true), false, static (_, certificate, _, _) => certificate is not null);
        await Authenticate(client);
        await Echoes(client, 100);
        socket.Shutdown(SocketShutdown.Send);
        Assert.That(await echo.End, Is.EqualTo("None True "));
    }

    [Test]
    public async Task Empty_writes_are_nothing()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        await using var client = echo.Connect();
        await Authenticate(client);
        for (var at = 0; at < 20; at++)
        {
            await client.WriteAsync(ReadOnlyMemory<byte>.Empty);
            await Echoes(client, 1);
        }
    }

    [TestCase("h2,http/1.1", "http/1.1,h2", ExpectedResult = "Http2")]
    [TestCase("http/1.1", "h2,http/1.1", ExpectedResult = "Http1")]
    [TestCase("h2", "", ExpectedResult = "None")]
    [TestCase("", "h2", ExpectedResult = "None")]
    public async Task<string> The_first_protocol_of_ours_that_the_client_speaks_is_spoken(string ours, string theirs)
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(
            TestEngines.Of(engine),
            TlsEcho.Settings(authority) with { Protocols = [.. Names(ours).Select(name => name == "h2" ? ApplicationProtocol.Http2 : ApplicationProtocol.Http1)] });
        await using var client = echo.Connect();
        var options = Options();
        options.ApplicationProtocols = theirs.Length == 0 ? null : [.. Names(theirs).Select(name => new SslApplicationProtocol(name))];
        await client.AuthenticateAsClientAsync(options);
        await Echoes(client, 10);
        return echo.Said.Split(' ')[1];
    }

    [Test]
    public async Task Without_a_protocol_in_common_there_is_no_connection()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority) with { Protocols = [ApplicationProtocol.Http2] });
        await using var client = echo.Connect();
        var options = Options();
        options.ApplicationProtocols = [new SslApplicationProtocol("spdy/3")];
        Assert.That(async () => await client.AuthenticateAsClientAsync(options), Throws.InstanceOf<AuthenticationException>());
        Assert.That(await echo.Handshake, Is.EqualTo(new Fault(FaultSide.Client, FaultKind.TlsHandshakeFailed)));
        Assert.That(echo.Said, Is.EqualTo("no application protocol (ALPN) that both speak"));
    }

    [TestCase(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, ExpectedResult = FaultKind.TlsHandshakeFailed)]
    [TestCase(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384, ExpectedResult = FaultKind.TlsHandshakeFailed)]
    [TestCase(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, ExpectedResult = FaultKind.None)]
    [TestCase(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, ExpectedResult = FaultKind.None)]
    public async Task<FaultKind> Only_ciphers_that_authenticate_are_spoken(TlsCipherSuite cipher)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new IgnoreException("the test chooses ciphers");
        }

        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        await using var client = echo.Connect();
        try
        {
            var options = Options();
            options.EnabledSslProtocols = SslProtocols.Tls12;
            options.CipherSuitesPolicy = new CipherSuitesPolicy([cipher]);
            await client.AuthenticateAsClientAsync(options);
        }
        catch (AuthenticationException)
        {
            // Refused.
        }

        return (await echo.Handshake).Kind;
    }

    [TestCase("first.example", ExpectedResult = 0)]
    [TestCase("SECOND.example", ExpectedResult = 1)]
    [TestCase("a.wild.example", ExpectedResult = 2)]
    [TestCase("xn--bcher-kva.example", ExpectedResult = 3, Description = "a name in punycode is found as it came")]
    [TestCase("nobody.example", ExpectedResult = 0)]
    [TestCase("", ExpectedResult = 0)]
    public async Task<int> The_name_decides_which_certificate_is_shown(string name)
    {
        using var authority = new TestAuthority();
        var settings = TlsEcho.Settings(authority) with
        {
            Certificates =
            [
                TlsEcho.Certificate(authority, "first.example"), TlsEcho.Certificate(authority, "second.example"), TlsEcho.Certificate(authority, "*.wild.example"),
                TlsEcho.Certificate(authority, "xn--bcher-kva.example"),
            ],
        };
        using var echo = new TlsEcho(TestEngines.Of(engine), settings);
        await using var client = echo.Connect();
        var options = Options();
        options.TargetHost = name;
        await client.AuthenticateAsClientAsync(options);
        await Echoes(client, 10);
        Assert.That(echo.Said.Split(' ')[2], Is.EqualTo(name.ToLowerInvariant()));
        var shown = client.RemoteCertificate!.GetRawCertData();
        return settings.Certificates.ToList().FindIndex(certificate =>
            System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(System.Text.Encoding.ASCII.GetString(certificate.ChainPem)).RawData.AsSpan().SequenceEqual(shown));
    }

    [TestCase(ClientCertificateMode.Off, "none", ExpectedResult = "None nobody")]
    [TestCase(ClientCertificateMode.Optional, "none", ExpectedResult = "None nobody")]
    [TestCase(ClientCertificateMode.Optional, "valid", ExpectedResult = "None CN=endpoint")]
    [TestCase(ClientCertificateMode.Optional, "foreign", ExpectedResult = "ClientCertificateInvalid nobody")]
    [TestCase(ClientCertificateMode.Required, "none", ExpectedResult = "ClientCertificateMissing nobody")]
    [TestCase(ClientCertificateMode.Required, "valid", ExpectedResult = "None CN=endpoint")]
    [TestCase(ClientCertificateMode.Required, "foreign", ExpectedResult = "ClientCertificateInvalid nobody")]
    [TestCase(ClientCertificateMode.Required, "expired", ExpectedResult = "ClientCertificateInvalid nobody")]
    public async Task<string> A_clients_certificate_is_asked_for_and_verified(ClientCertificateMode mode, string shows)
    {
        using var authority = new TestAuthority();
        using var clients = new TestAuthority("Clients");
        using var strangers = new TestAuthority("Clients");
        using var certificate = shows switch
        {
            "valid" => clients.Issue(30, "client"),
            "foreign" => strangers.Issue(30, "client"),
            "expired" => clients.Issue(-1, "client"),
            _ => null,
        };
        var settings = TlsEcho.Settings(authority) with { ClientCertificates = mode, ClientAuthoritiesPem = System.Text.Encoding.ASCII.GetBytes(clients.Pem) };
        var who = "nobody";
        using var echo = new TlsEcho(TestEngines.Of(engine), settings, async client =>
        {
            using var theirs = ((TlsSession)client.Cipher!).GetPeerCertificate();
            who = theirs?.Subject ?? "nobody";
            await Read(client, Stream.Null);
        });
        await using var client = echo.Connect();
        var options = Options();
        options.ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true);
        try
        {
            await client.AuthenticateAsClientAsync(options);
            await client.ShutdownAsync();
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            // TLS 1.2 tells the client before its handshake is over.
        }

        var fault = await echo.Handshake;
        if (!fault.Failed)
        {
            await echo.End;
        }

        return $"{fault.Kind} {who}";
    }

    [Test]
    public async Task A_connection_that_is_closed_in_its_handshake_ends_it_at_once()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        using var client = Loopback.Connect(echo.Address);
        client.Send([22, 3, 1]);
        var accepted = await echo.Accepted;
        var descriptors = await echo.Loops.Run(() =>
        {
            accepted.Abort();
            return echo.Loops.First.SourceCount;
        });
        Assert.That(await echo.Handshake, Is.EqualTo(new Fault(FaultSide.Client, FaultKind.Reset)));
        Assert.That(client.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
    }

    [Test]
    public async Task A_reset_in_the_middle_of_a_session_is_a_reset()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority));
        using var socket = Loopback.Connect(echo.Address);
        await using var client = new SslStream(new NetworkStream(socket), false, static (_, certificate, _, _) => certificate is not null);
        await Authenticate(client);
        await Echoes(client, 100);
        socket.Abort();
        Assert.That(await echo.End, Does.StartWith("Reset False"));
    }

    [Test]
    public async Task A_round_of_a_warm_session_allocates_nothing()
    {
        var rounds = new long[200];
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(TestEngines.Of(engine), TlsEcho.Settings(authority), async client =>
        {
            // As the relay does it: a read and a write of the socket, told of its readiness.
            var socket = client.TryTakeSocket()!;
            var done = new TaskCompletionSource();
            var round = 0;
            long before = 0;
            var turn = () =>
            {
                int count;
                while (round < rounds.Length && socket.IsReadable && (count = socket.Receive(client.Loop.Scratch)) > 0)
                {
                    socket.Send(client.Loop.Scratch.AsSpan(0, count));
                    var now = GC.GetAllocatedBytesForCurrentThread();
                    rounds[round++] = now - before;
                    before = now;
                }

                if (round == rounds.Length)
                {
                    done.TrySetResult();
                }
            };
            socket.Observe(new Told(turn));
            turn();
            await done.Task;
        });
        await using var client = echo.Connect();
        await Authenticate(client);
        for (var at = 0; at < rounds.Length; at++)
        {
            await Echoes(client, 1000);
        }

        // A collection counts what it takes away from the thread: most rounds know of none.
        Assert.That(rounds.Skip(50).Order().ElementAt(100), Is.Zero, string.Join(' ', rounds));
    }

    private static string[] Names(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static async Task Echoes(SslStream client, int size)
    {
        var sent = Loopback.Pattern(size);
        var write = client.WriteAsync(sent).AsTask();
        var received = new byte[size];
        await client.ReadExactlyAsync(received);
        await write;
        Assert.That(received.AsSpan().SequenceEqual(sent));
    }

    private static async Task Read(EpollConnection client, Stream to)
    {
        while (true)
        {
            var read = await client.Transport.Input.ReadAsync();
            foreach (var piece in read.Buffer)
            {
                to.Write(piece.Span);
            }

            client.Transport.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                client.Transport.Input.Complete();
                return;
            }
        }
    }

    private SslClientAuthenticationOptions Options() => new() { TargetHost = "localhost", EnabledSslProtocols = version };

    private Task Authenticate(SslStream client) => client.AuthenticateAsClientAsync(Options());

    private sealed class Told(Action ready) : IReadinessObserver
    {
        public void OnReady(EpollSocket socket) => ready();

        public void OnUnhandledError(EpollSocket socket) => Assert.Fail("an error escaped");
    }
}
