using LoadBalancer.Faults;
using LoadBalancer.Tests.Health;
using LoadBalancer.Tls;
using LoadBalancer.Tls.OpenSsl;

namespace LoadBalancer.Tests.Tls;

/// <summary>What only libssl can be asked as a server: session tickets by our keys, staples, new keys, renegotiation.</summary>
[TestFixture(NativeTlsClient.Tls12)]
[TestFixture(NativeTlsClient.Tls13)]
internal sealed class OpenSslServerTests(int version)
{
    private static readonly OpenSslEngine Engine = new();

    [TestCase("AES256:AES128", "AES128")]
    [TestCase("AES128:CHACHA20", "AES128")]
    [TestCase("CHACHA20:AES128", "CHACHA20", Description = "who puts it first has no AES in hardware")]
    public void The_order_of_ciphers_is_the_servers_unless_the_client_puts_ChaCha20_first(string offered, string taken)
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(Engine, TlsEcho.Settings(authority));
        var suites = offered.Split(':').SelectMany(cipher => (version, cipher) switch
        {
            (NativeTlsClient.Tls13, "AES128") => ["TLS_AES_128_GCM_SHA256"],
            (NativeTlsClient.Tls13, "AES256") => ["TLS_AES_256_GCM_SHA384"],
            (NativeTlsClient.Tls13, _) => ["TLS_CHACHA20_POLY1305_SHA256"],
            (_, "AES128") => ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
            (_, "AES256") => ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
            _ => (string[])["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
        });
        using var client = new NativeTlsClient(echo.Address, version).Offering(string.Join(':', suites)).Connected();
        client.Echoes(10);
        Assert.That(client.Cipher.Replace("_", "", StringComparison.Ordinal), Does.Contain(taken));
    }

    [Test]
    public void A_session_is_taken_up_again_by_every_context_with_the_same_keys()
    {
        using var authority = new TestAuthority();
        var settings = TlsEcho.Settings(authority);
        using var echo = new TlsEcho(Engine, settings);
        var session = FirstSession(echo);
        echo.Context = Engine.CreateServer(settings);
        using var second = new NativeTlsClient(echo.Address, version, session: session).Connected();
        second.Echoes(10);
        Assert.That(second.IsResumed);
        LibSsl.FreeSession(session);
    }

    [Test]
    public void A_session_of_another_listener_is_not_taken_up()
    {
        using var authority = new TestAuthority();
        var settings = TlsEcho.Settings(authority);
        using var echo = new TlsEcho(Engine, settings);
        var session = FirstSession(echo);
        echo.Context = Engine.CreateServer(settings with { SessionContext = "other"u8.ToArray() });
        using var second = new NativeTlsClient(echo.Address, version, session: session).Connected();
        second.Echoes(10);
        Assert.That(second.IsResumed, Is.False);
        LibSsl.FreeSession(session);
    }

    [Test]
    public void A_session_of_before_certificates_were_wanted_is_not_taken_up()
    {
        using var authority = new TestAuthority();
        var settings = TlsEcho.Settings(authority);
        using var echo = new TlsEcho(Engine, settings);
        var session = FirstSession(echo);
        echo.Context = Engine.CreateServer(settings with
        {
            ClientCertificates = ClientCertificateMode.Required,
            ClientAuthoritiesPem = System.Text.Encoding.ASCII.GetBytes(authority.Pem),
        });
        using var second = new NativeTlsClient(echo.Address, version, session: session);
        Assert.That(second.Handshake() && second.IsServed(), Is.False, "no connection without a certificate");
        LibSsl.FreeSession(session);
    }

    [Test]
    public void A_ticket_does_not_outlive_the_clients_certificate()
    {
        using var authority = new TestAuthority();
        using var own = authority.Issue(30, "client");
        var time = new ManualTime(TimeProvider.System.GetUtcNow());
        var settings = TlsEcho.Settings(authority) with
        {
            ClientCertificates = ClientCertificateMode.Required,
            ClientAuthoritiesPem = System.Text.Encoding.ASCII.GetBytes(authority.Pem),
            Time = time,
        };
        using var echo = new TlsEcho(Engine, settings);
        nint session;
        using (var first = new NativeTlsClient(echo.Address, version, own: own).Connected())
        {
            first.Echoes(10);
            session = first.TakeSession();
        }

        using (var second = new NativeTlsClient(echo.Address, version, session: session).Connected())
        {
            second.Echoes(10);
            Assert.That(second.IsResumed, "the certificate is in its time");
        }

        time.Advance(TimeSpan.FromDays(31));
        using (var third = new NativeTlsClient(echo.Address, version, session: session, own: own).Connected())
        {
            third.Echoes(10);
            Assert.That(third.IsResumed, Is.False, "it is verified anew");
        }

        using (var fourth = new NativeTlsClient(echo.Address, version, session: session))
        {
            Assert.That(fourth.Handshake() && fourth.IsServed(), Is.False, "without it there is no connection");
        }

        LibSsl.FreeSession(session);
    }

    [Test]
    public void A_staple_that_has_ended_is_not_given_any_more()
    {
        using var authority = new TestAuthority();
        var time = new ManualTime();
        var settings = TlsEcho.Settings(authority) with
        {
            Certificates = [TlsEcho.Certificate(authority, "localhost") with { Staple = Loopback.Pattern(100), StapleEnd = time.GetUtcNow().AddDays(1) }],
            Time = time,
        };
        using var echo = new TlsEcho(Engine, settings);
        using (var before = new NativeTlsClient(echo.Address, version, wantsStaple: true).Connected())
        {
            Assert.That(before.Staple, Is.Not.Empty);
        }

        time.Advance(TimeSpan.FromDays(2));
        using var after = new NativeTlsClient(echo.Address, version, wantsStaple: true).Connected();
        Assert.That(after.Staple, Is.Empty);
    }

    [Test]
    public void A_ticket_of_the_key_before_is_taken_and_renewed_and_one_of_a_key_that_is_gone_is_not()
    {
        using var authority = new TestAuthority();
        var settings = TlsEcho.Settings(authority);
        using var echo = new TlsEcho(Engine, settings);
        var old = FirstSession(echo);
        var (before, now) = (settings.TicketKeys.Current[0], TicketKeys.NewKey());
        settings.TicketKeys.Change(now, before);
        nint renewed;
        using (var second = new NativeTlsClient(echo.Address, version, session: old).Connected())
        {
            second.Echoes(10);
            Assert.That(second.IsResumed, "the key before");
            renewed = second.TakeSession();
        }

        settings.TicketKeys.Change(now);
        using (var third = new NativeTlsClient(echo.Address, version, session: renewed).Connected())
        {
            third.Echoes(10);
            Assert.That(third.IsResumed, "the ticket was renewed");
        }

        using (var fourth = new NativeTlsClient(echo.Address, version, session: old).Connected())
        {
            fourth.Echoes(10);
            Assert.That(fourth.IsResumed, Is.False, "the key is gone");
        }

        LibSsl.FreeSession(old);
        LibSsl.FreeSession(renewed);
    }

    [Test]
    public void A_staple_is_given_to_whoever_asks()
    {
        using var authority = new TestAuthority();
        var staple = Loopback.Pattern(1500);
        var settings = TlsEcho.Settings(authority) with
        {
            Certificates = [TlsEcho.Certificate(authority, "plain.example"), TlsEcho.Certificate(authority, "localhost") with { Staple = staple }],
        };
        using var echo = new TlsEcho(Engine, settings);
        using (var asking = new NativeTlsClient(echo.Address, version, wantsStaple: true).Connected())
        {
            Assert.That(asking.Staple, Is.EqualTo(staple));
        }

        using (var other = new NativeTlsClient(echo.Address, version, name: "plain.example", wantsStaple: true).Connected())
        {
            Assert.That(other.Staple, Is.Empty);
        }

        using var silent = new NativeTlsClient(echo.Address, version).Connected();
        Assert.That(silent.Staple, Is.Empty);
    }

    [Test]
    public async Task An_alert_of_the_clients_is_named()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(Engine, TlsEcho.Settings(authority));
        using var client = new NativeTlsClient(echo.Address, version, verifies: true);
        Assert.That(client.Handshake(), Is.False);
        Assert.That(await echo.Handshake, Is.EqualTo(new Fault(FaultSide.Client, FaultKind.TlsHandshakeFailed)));
        Assert.That(echo.Said, Is.EqualTo("the peer sent the alert unknown ca"));
    }

    [Test]
    public async Task A_client_may_change_its_keys_but_not_without_end()
    {
        if (version != NativeTlsClient.Tls13)
        {
            return;
        }

        using var authority = new TestAuthority();
        using var echo = new TlsEcho(Engine, TlsEcho.Settings(authority));
        using var client = new NativeTlsClient(echo.Address, version).Connected();
        for (var at = 0; at < 20; at++)
        {
            Assert.That(client.UpdateKey(bothWays: at % 2 == 0), Is.EqualTo(1));
            client.Echoes(1000);
        }

        // Now it makes us answer and reads nothing.
        using var held = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        echo.Loops.First.Post(
            _ =>
            {
                held.Set();
                release.Wait(Loopback.TimeoutMs);
            },
            null);
        held.Wait(Loopback.TimeoutMs);
        for (var at = 0; at < 1000; at++)
        {
            client.UpdateKey(bothWays: true);
        }

        release.Set();
        Assert.That(await echo.End, Is.EqualTo("TlsRecordInvalid False a flood of messages that are no data"));
    }

    [Test]
    public async Task A_new_handshake_in_a_session_is_refused_and_a_flood_of_them_ends_it()
    {
        if (version != NativeTlsClient.Tls12)
        {
            return;
        }

        using var authority = new TestAuthority();
        using var echo = new TlsEcho(Engine, TlsEcho.Settings(authority));
        using var client = new NativeTlsClient(echo.Address, version).Connected();
        client.Echoes(10);
        Assert.That(client.Renegotiate(), Is.False);
        client.Socket.Close();
        Assert.That(await echo.End, Does.StartWith("None").Or.StartWith("Reset").Or.StartWith("TlsRecordInvalid"));
    }

    private nint FirstSession(TlsEcho echo)
    {
        using var first = new NativeTlsClient(echo.Address, version).Connected();
        first.Echoes(10);
        Assert.That(first.IsResumed, Is.False);
        return first.TakeSession();
    }
}
