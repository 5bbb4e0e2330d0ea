using System.Net.Security;
using System.Security.Authentication;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Health;
using LoadBalancer.Tls;
using LoadBalancer.Tls.OpenSsl;

namespace LoadBalancer.Tests.Tls;

[TestFixture(SslProtocols.Tls12)]
[TestFixture(SslProtocols.Tls13)]
internal sealed class TlsEngineTests(SslProtocols version)
{
    [TestCase(1)]
    [TestCase(100)]
    [TestCase(16_384)]
    [TestCase(16_385)]
    [TestCase(3_000_000)]
    public async Task Every_byte_comes_back(int size)
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(new OpenSslEngine(), TlsEcho.Settings(authority));
        await using var client = echo.Connect();
        await client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = version });
        var sent = Loopback.Pattern(size);
        var write = client.WriteAsync(sent).AsTask();
        var received = new byte[size];
        await client.ReadExactlyAsync(received);
        await write;
        Assert.That(received.AsSpan().SequenceEqual(sent));
        Assert.That(await echo.Handshake, Is.EqualTo(Fault.None));
        Assert.That(echo.Said, Is.EqualTo($"{(version == SslProtocols.Tls12 ? "TLSv1.2" : "TLSv1.3")} None localhost False"));
        await client.ShutdownAsync();
        Assert.That(await client.ReadAsync(received), Is.Zero);
    }

    [Test]
    public async Task A_client_that_speaks_something_else_is_refused_with_the_reason()
    {
        using var authority = new TestAuthority();
        using var echo = new TlsEcho(new OpenSslEngine(), TlsEcho.Settings(authority));
        using var client = Loopback.Connect(echo.Address);
        client.Send("GET / HTTP/1.1\r\n\r\n"u8);
        Assert.That(await echo.Handshake, Is.EqualTo(new Fault(FaultSide.Client, FaultKind.TlsHandshakeFailed)));
        Assert.That(echo.Said, Is.EqualTo("the client speaks HTTP without TLS"));
    }
}
