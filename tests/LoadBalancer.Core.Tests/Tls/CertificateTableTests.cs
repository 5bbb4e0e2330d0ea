using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Tls;
using LoadBalancer.Tls.OpenSsl;

namespace LoadBalancer.Tests.Tls;

internal sealed class CertificateTableTests
{
    [TestCase("a.example", 0)]
    [TestCase("A.EXAMPLE", 0)]
    [TestCase("b.example", 1)]
    [TestCase("x.b.example", 1)]
    [TestCase("c.b.example", 2, Description = "the exact name wins over a wildcard that stands before it")]
    [TestCase("x.y.b.example", -1, Description = "a wildcard covers one label")]
    [TestCase(".b.example", -1)]
    [TestCase("other.example", -1)]
    [TestCase("", -1)]
    public void The_name_decides(string name, int expected) =>
        Assert.That(Table(["a.example"], ["b.example", "*.b.example"], ["c.b.example", "a.example"]).Find(Encoding.ASCII.GetBytes(name)), Is.EqualTo(expected));

    [Test]
    public void T48_a_name_that_several_have_is_the_first_ones_a_hundred_times()
    {
        for (var round = 0; round < 100; round++)
        {
            var table = Table(["one.example", "shared.example", "*.example.org"], ["shared.example", "two.example"], ["*.example.org", "shared.example"]);
            Assert.That((table.Find("shared.example"u8), table.Find("w.example.org"u8)), Is.EqualTo((0, 0)));
        }
    }

    [Test]
    public async Task T48_of_two_kinds_of_keys_each_client_gets_the_one_that_it_reads_a_hundred_times()
    {
        using var folder = new CertificateFolder();
        folder.WriteRsa("rsa", "localhost");
        folder.Write("ecdsa", "localhost", "other.example");
        var files = new TlsFiles(TimeProvider.System.GetUtcNow());
        var material = files.Read(new TlsOptions
        {
            Certificates = [new CertificateOptions(folder["rsa.pem"], folder["rsa.key"]), new CertificateOptions(folder["ecdsa.pem"], folder["ecdsa.key"])],
        });
        for (var round = 0; round < 50; round++)
        {
            using var echo = new TlsEcho(new OpenSslEngine(), new TlsServerSettings { Certificates = material!.Certificates, TicketKeys = new TicketKeys(TicketKeys.NewKey()), SessionContext = "x"u8.ToArray() });
            Assert.That(await KeyShown(echo, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), Is.EqualTo("RSA"));
            Assert.That(await KeyShown(echo, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256), Is.EqualTo("ECC"));
        }
    }

    private static async Task<string> KeyShown(TlsEcho echo, TlsCipherSuite suite)
    {
        await using var client = echo.Connect();
        await client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = SslProtocols.Tls12,
            CipherSuitesPolicy = OperatingSystem.IsWindows() ? null : new CipherSuitesPolicy([suite]),
        });
        return new X509Certificate2(client.RemoteCertificate!).GetKeyAlgorithm() == "1.2.840.113549.1.1.1" ? "RSA" : "ECC";
    }

    private static CertificateTable Table(params string[][] names) => new(
        [.. names.Select(each => new ServerCertificate { Source = "", ChainPem = [], KeyPem = [], Names = [.. each] })]);
}
