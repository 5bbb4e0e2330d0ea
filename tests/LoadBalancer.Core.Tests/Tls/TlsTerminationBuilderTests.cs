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
        Assert.That(running.Refresh(), Is.EqualTo(new TlsRefresh(null, [], true)).Using<TlsRefresh>((one, other) => one.Refusal == other.Refusal));
        Assert.That((running.Context == context, running.Serves("b.example"u8), running.Serves("a.example"u8)), Is.EqualTo((false, true, false)));
        Assert.That((running.Metrics.Loaded, running.Metrics.Refused), Is.EqualTo((1, 0)));
    }

    [Test]
    public void One_certificate_that_is_no_use_does_not_keep_the_others_from_being_renewed([Values] bool engineRefuses)
    {
        _folder.Write("b", "b.example");
        var options = Options();
        options = options with { Certificates = [.. options.Certificates, new CertificateOptions(_folder["b.pem"], _folder["b.key"])] };
        var running = Build(options);
        if (engineRefuses)
        {
            WriteWeak("a");
        }
        else
        {
            File.Delete(_folder["a.pem"]);
        }

        _folder.Write("b", "new.example");
        var refresh = running.Refresh()!;
        Assert.That((refresh.Refusal, refresh.TookEffect), Is.EqualTo((engineRefuses ? $"{_folder["a.pem"]} is no use: ee key too small" : $"cannot read {_folder["a.pem"]}: no such file", true)));
        Assert.That((running.Serves("a.example"u8), running.Serves("b.example"u8), running.Serves("new.example"u8)), Is.EqualTo((true, false, true)));
        Assert.That((running.Metrics.Loaded, running.Metrics.Refused, running.Metrics.Refusal), Is.EqualTo((1, 1, refresh.Refusal)));
        Assert.That(running.Refresh(), Is.Null, "it is news once");
        _folder.Write("b", "newer.example");
        Assert.That((running.Refresh()?.TookEffect, running.Serves("newer.example"u8), running.Metrics.Refused), Is.EqualTo((true, true, 1)));
        _folder.Write("a", "a.example");
        Assert.That((running.Refresh()?.Refusal, running.Metrics.Refusal), Is.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public void A_staple_that_breaks_is_told_and_takes_no_certificate_with_it()
    {
        var options = new TlsOptions { Certificates = [new CertificateOptions(_folder["a.pem"], _folder["a.key"]) { Ocsp = _folder["a.ocsp"] }] };
        File.WriteAllText(_folder["a.ocsp"], "hello");
        var running = Build(options);
        Assert.That(running.Refresh(), Is.Null, "it was told at the start");
        _folder.Write("a", "new.example");
        Assert.That((running.Refresh()?.TookEffect, running.Serves("new.example"u8)), Is.EqualTo((true, true)));
        File.Delete(_folder["a.ocsp"]);
        var refresh = running.Refresh();
        Assert.That((refresh?.TookEffect, refresh?.Refusal, refresh?.Warnings.Single()), Is.EqualTo((
            false, (string?)null, $"there is no file {_folder["a.ocsp"]}; the certificate is shown without an OCSP response until there is one")));
    }

    [Test]
    public void A_key_that_the_engine_refuses_is_an_error_that_names_the_file()
    {
        WriteWeak("a");
        Assert.That(() => Build(Options()), Throws.TypeOf<IOException>().With.Message.EqualTo($"the listener 'web' has no TLS: {_folder["a.pem"]} is no use: ee key too small"));
    }

    private void WriteWeak(string name)
    {
        using var weak = System.Security.Cryptography.RSA.Create(1024);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=a.example", weak, System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(_time.GetUtcNow().AddDays(-1), _time.GetUtcNow().AddDays(1));
        _folder.Write(name, certificate);
    }

    private TlsTermination Build(TlsOptions options, TlsTermination? running = null) => _builder.Build("web", options, [], null, running);

    private TlsOptions Options() => new() { Certificates = [new CertificateOptions(_folder["a.pem"], _folder["a.key"])] };
}
