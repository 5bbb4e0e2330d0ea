using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Tls;
using LoadBalancer.Tls.OpenSsl;

namespace LoadBalancer.Tests.Tls;

internal sealed class TlsTerminationBuilderTests
{
    private readonly ManualTime _time = new();
    private CertificateFolder _folder = null!;
    private TestLoops _loops = null!;
    private TlsTerminationBuilder _builder = null!;

    [SetUp]
    public void Make()
    {
        (_folder, _loops) = (new CertificateFolder(), new TestLoops());
        _builder = new TlsTerminationBuilder(new OpenSslEngine(), new HandshakePaces(_loops.Group.Loops, _time), _time);
        _folder.Write("a", "a.example");
    }

    [TearDown]
    public void End()
    {
        _builder.Dispose();
        _loops.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Keys_in_memory_change_every_twelve_hours_and_two_earlier_ones_are_still_read()
    {
        var tls = Build(Options());
        var seen = new List<string> { tls.TicketKeys.Current[0].Text };
        for (var change = 1; change <= 4; change++)
        {
            _time.Advance(TlsTerminationBuilder.KeyLife);
            seen.Insert(0, tls.TicketKeys.Current[0].Text);
            Assert.That(tls.TicketKeys.Current.ToArray().Select(key => key.Text), Is.EqualTo(seen.Take(3)));
        }

        Assert.That(seen, Is.Unique);
    }

    [Test]
    public void Keys_of_a_file_do_not()
    {
        var tls = Build(Options() with { TicketKeys = _folder.WriteTicketKeys("keys", 1, 2) });
        _time.Advance(TlsTerminationBuilder.KeyLife);
        Assert.That(tls.TicketKeys.Current.ToArray().Select(key => key.Name[0]), Is.EqualTo(new byte[] { 1, 2 }));
    }

    [Test]
    public void Equal_options_keep_what_runs_and_others_go_on_with_its_keys_and_counters()
    {
        var running = Build(Options());
        var changed = Build(Options() with { MinVersion = TlsOptions.Tls13 }, running);
        Assert.That(Build(Options(), running), Is.SameAs(running));
        Assert.That(changed, Is.Not.SameAs(running));
        Assert.That((changed.TicketKeys, changed.Metrics), Is.EqualTo((running.TicketKeys, running.Metrics)));
    }

    [Test]
    public void A_refresh_without_a_change_is_none()
    {
        var running = Build(Options());
        var context = running.Context;
        Assert.That(running.Refresh(), Is.Null);
        _folder.Write("a", "b.example");
        Assert.That(running.Refresh(), Is.EqualTo(new TlsRefresh(null, [])).Using<TlsRefresh>((one, other) => one.Refusal == other.Refusal));
        Assert.That((running.Context == context, running.Serves("b.example"u8), running.Serves("a.example"u8)), Is.EqualTo((false, true, false)));
        Assert.That((running.Metrics.Loaded, running.Metrics.Refused), Is.EqualTo((1, 0)));
    }

    [Test]
    public void A_key_that_the_engine_refuses_is_an_error_that_names_the_file()
    {
        using var weak = System.Security.Cryptography.RSA.Create(1024);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=a.example", weak, System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(_time.GetUtcNow().AddDays(-1), _time.GetUtcNow().AddDays(1));
        _folder.Write("a", certificate);
        Assert.That(() => Build(Options()), Throws.TypeOf<IOException>().With.Message.EqualTo($"the listener 'web' has no TLS: {_folder["a.pem"]} is no use: ee key too small"));
    }

    private TlsTermination Build(TlsOptions options, TlsTermination? running = null) => _builder.Build("web", options, [], null, running);

    private TlsOptions Options() => new() { Certificates = [new CertificateOptions(_folder["a.pem"], _folder["a.key"])] };
}
