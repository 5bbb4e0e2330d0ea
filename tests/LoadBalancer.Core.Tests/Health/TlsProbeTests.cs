using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Tls;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Health;

public sealed class TlsProbeTests
{
    private const string Name = "orders.internal";

    private TestLoops _loops = null!;
    private TemporaryFolder _folder = null!;
    private TestAuthority _authority = null!;

    [SetUp]
    public void SetUp()
    {
        _loops = new TestLoops();
        _folder = new TemporaryFolder();
        _authority = new TestAuthority();
        File.WriteAllText(Ca, _authority.Pem);
    }

    [TearDown]
    public void TearDown()
    {
        _authority.Dispose();
        _folder.Dispose();
        _loops.Dispose();
    }

    private string Ca => _folder["ca.pem"];

    [Test]
    public async Task Looks_at_the_handshake_alone_without_a_name_and_an_authority()
    {
        using var certificate = _authority.Issue(validDays: -3, "somebody.else");
        using var server = Tls(certificate);

        Assert.That(await AskAsync(server, tls: null), Is.EqualTo(new ProbeAnswer(ProbeResult.Passed, "tls: handshake completed")));
        Assert.That((await AskAsync(server, new())).Passed, Is.True);
    }

    [Test]
    public async Task Accepts_a_certificate_for_the_name_by_the_authority()
    {
        using var certificate = _authority.Issue(validDays: 9, "a.internal", Name);
        using var server = Tls(certificate);

        Assert.That(await AskAsync(server, new() { ServerName = Name, Ca = Ca }), Is.EqualTo(new ProbeAnswer(ProbeResult.Passed, "tls: certificate accepted")));
    }

    [Test]
    public async Task Asks_for_its_name_and_for_none_without_one()
    {
        var names = new List<string>();
        using var certificate = _authority.Issue(validDays: 9, Name, "127.0.0.1");
        using var server = Tls(certificate, names);

        await AskAsync(server, new() { ServerName = Name, Ca = Ca });
        await AskAsync(server, new() { Ca = Ca });
        await server.UntilAllAreClosedAsync();
        Assert.That(names, Is.EqualTo(new[] { Name, "" }));
    }

    [Test]
    public async Task Expects_the_address_in_the_certificate_where_there_is_no_name()
    {
        using var by_address = _authority.Issue(validDays: 9, "127.0.0.1");
        using var by_name = _authority.Issue(validDays: 9, Name);
        using var right = Tls(by_address);
        using var wrong = Tls(by_name);

        Assert.That((await AskAsync(right, new() { Ca = Ca })).Passed, Is.True);
        Assert.That(await AskAsync(wrong, new() { Ca = Ca }), Is.EqualTo(new ProbeAnswer(ProbeResult.TlsCertificate, "tls: the certificate is for orders.internal, not for 127.0.0.1")));
    }

    [Test]
    public async Task Says_since_when_a_certificate_is_expired()
    {
        using var certificate = _authority.Issue(validDays: -3, Name);
        using var server = Tls(certificate);
        var answer = await AskAsync(server, new() { ServerName = Name, Ca = Ca });

        Assert.That(answer.Result, Is.EqualTo(ProbeResult.TlsExpired));
        Assert.That(answer.Reason, Does.Match(@"^tls: certificate of orders\.internal expired on \d{4}-\d\d-\d\d \d\d:\d\d UTC$"));
    }

    [Test]
    public async Task Says_whom_a_certificate_is_by_that_nobody_vouches_for()
    {
        using var stranger = new TestAuthority("Somebody");
        using var certificate = stranger.Issue(validDays: 9, Name);
        using var server = Tls(certificate);

        Assert.That(
            await AskAsync(server, new() { ServerName = Name, Ca = Ca }),
            Is.EqualTo(new ProbeAnswer(ProbeResult.TlsCertificate, $"tls: the certificate is by Somebody, which {Ca} does not vouch for")));
        Assert.That(
            await AskAsync(server, new() { ServerName = Name }),
            Is.EqualTo(new ProbeAnswer(ProbeResult.TlsCertificate, "tls: the certificate is by Somebody, which this machine does not vouch for")));
    }

    [Test]
    public async Task Follows_a_changed_file_of_authorities_and_keeps_the_last_good_one()
    {
        using var next = new TestAuthority("Next");
        using var certificate = next.Issue(validDays: 9, Name);
        using var server = Tls(certificate);
        var probe = Probe(new ActiveHealthOptions { Type = "tls", Tls = new() { ServerName = Name, Ca = Ca } });
        Assert.That((await probe.AskAsync(server.Address, CancellationToken.None)).Passed, Is.False);

        Write(_authority.Pem + "\n" + next.Pem, year: 2030);
        Assert.That((await probe.AskAsync(server.Address, CancellationToken.None)).Passed, Is.True);

        Write("garbage", year: 2031);
        Assert.That((await probe.AskAsync(server.Address, CancellationToken.None)).Passed, Is.True);

        void Write(string text, int year)
        {
            File.WriteAllText(Ca, text);
            File.SetLastWriteTimeUtc(Ca, new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }
    }

    [TestCase("HTTP/1.1 400 Bad Request\r\n\r\n", ProbeResult.TlsHandshake, "tls: ")]
    [TestCase("", ProbeResult.Closed, "tls: closed during the handshake")]
    public async Task Says_that_an_endpoint_speaks_no_TLS(string sent, ProbeResult result, string reason)
    {
        using var server = new ProbedServer(async stream =>
        {
            Assert.That(await stream.ReadAsync(new byte[4096]), Is.Positive);
            await ProbedServer.SendAsync(stream, sent);
        });
        var answer = await AskAsync(server, tls: null);

        Assert.That((answer.Result, answer.Passed), Is.EqualTo((result, (bool?)false)), answer.Reason);
        Assert.That(answer.Reason, Does.StartWith(reason));
    }

    [Test]
    public async Task Ends_at_its_deadline_within_the_handshake()
    {
        using var deadline = new CancellationTokenSource();
        using var server = new ProbedServer(async stream =>
        {
            Assert.That(await stream.ReadAsync(new byte[4096]), Is.Positive);
            await deadline.CancelAsync();
            await ProbedServer.DrainAsync(stream);
        });

        Assert.That(
            await Probe(new ActiveHealthOptions { Type = "tls" }).AskAsync(server.Address, deadline.Token),
            Is.EqualTo(new ProbeAnswer(ProbeResult.NoAnswer, "connected, but no TLS handshake", IsLate: true)));
        await server.UntilAllAreClosedAsync();
    }

    [Test]
    public async Task Does_not_pass_by_a_cipher_that_no_request_could_use()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("the test chooses ciphers");
        }

        using var certificate = _authority.Issue(validDays: 9, Name);
        using var server = Tls(certificate, ciphers: [TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256]);
        Assert.That((await AskAsync(server, tls: null)).Result, Is.EqualTo(ProbeResult.TlsHandshake));
    }

    [Test]
    public void Does_as_the_traffic_in_what_it_is_not_told()
    {
        var upstream = new UpstreamTlsOptions { ServerName = Name, Ca = Ca, Cert = "/own.pem", Key = "/own.key" };
        var like = ProbeTlsOptions.Like(upstream, ownName: null);
        Assert.That(ProbeTlsOptions.Of(null, upstream, null), Is.EqualTo(like));
        Assert.That(ProbeTlsOptions.Of(new(), upstream, null), Is.EqualTo(like), "and verifies");
        Assert.That(ProbeTlsOptions.Of(new() { ServerName = "health.internal" }, upstream, null), Is.EqualTo(like with { ServerName = "health.internal" }));
        Assert.That(ProbeTlsOptions.Of(new(), upstream with { Insecure = true }, null)!.Verifies, Is.False);
        Assert.That(ProbeTlsOptions.Of(new() { Ca = Ca }, upstream with { Insecure = true }, null)!.Verifies);
        Assert.That(ProbeTlsOptions.Of(ProbeTlsOptions.Off, upstream, null), Is.SameAs(ProbeTlsOptions.Off));
        Assert.That(ProbeTlsOptions.Of(new(), null, null)!.Verifies, Is.False, "the handshake alone, where the traffic has no TLS of ours");
    }

    [Test]
    public async Task Carries_an_HTTP_probe()
    {
        using var certificate = _authority.Issue(validDays: 9, Name);
        var heads = new List<string>();
        using var server = Tls(certificate, serve: async stream =>
        {
            heads.Add(await ProbedServer.ReadHeadAsync(stream));
            await ProbedServer.SendAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        });
        var https = new ActiveHealthOptions { Type = "http", Body = "ok", Tls = new() { ServerName = Name, Ca = Ca } };

        Assert.That(await Probe(https).AskAsync(server.Address, CancellationToken.None), Is.EqualTo(new ProbeAnswer(ProbeResult.Passed, "status 200, body contains 'ok'")));
        Assert.That(heads.Single().Split("\r\n"), Has.Member($"Host: {Name}"), "the name that TLS asked for");
        Assert.That((await Probe(https with { Tls = new() { ServerName = "x.internal", Ca = Ca } }).AskAsync(server.Address, CancellationToken.None)).Result, Is.EqualTo(ProbeResult.TlsCertificate));
    }

    private static ProbedServer Tls(X509Certificate2 certificate, List<string>? names = null, Func<Stream, Task>? serve = null, TlsCipherSuite[]? ciphers = null) => new(async stream =>
    {
        await using var tls = new SslStream(stream, leaveInnerStreamOpen: true);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
            CipherSuitesPolicy = ciphers is not null && OperatingSystem.IsLinux() ? new CipherSuitesPolicy(ciphers) : null,
        });
        names?.Add(tls.TargetHostName);
        await (serve ?? ProbedServer.DrainAsync)(tls);
    });

    private Probe Probe(ActiveHealthOptions options) => ProbeCatalog.Build(options, new BuildContext
    {
        Time = TimeProvider.System,
        Loops = 1,
        Seeds = new Random(1),
        Connections = new EpollTransport(_loops.Group, TimeSpan.FromSeconds(30)),
    });

    private Task<ProbeAnswer> AskAsync(ProbedServer server, ProbeTlsOptions? tls) =>
        Probe(new ActiveHealthOptions { Type = "tls", Tls = tls }).AskAsync(server.Address, CancellationToken.None).AsTask();
}
