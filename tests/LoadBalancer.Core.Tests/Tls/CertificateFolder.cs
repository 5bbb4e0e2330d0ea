using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Tests.Health;

namespace LoadBalancer.Tests.Tls;

/// <summary>A folder of certificates and keys in PEM, by an authority of its own, whose certificate is ca.pem.</summary>
internal sealed class CertificateFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CertificateFolder() => File.WriteAllText(CaPath, Authority.Pem);

    public TestAuthority Authority { get; } = new();

    public string CaPath => this["ca.pem"];

    /// <summary>A path in the folder.</summary>
    public string this[string name] => _folder[name];

    /// <summary>Writes NAME.pem and NAME.key for host names, with an ECDSA key; gives the item of <c>tls.certificates</c>.</summary>
    public string Write(string name, params string[] hosts) => Write(name, 30, hosts);

    /// <summary>As above, valid for so many days.</summary>
    public string Write(string name, int days, params string[] hosts)
    {
        using var certificate = Authority.Issue(days, hosts);
        return Write(name, certificate);
    }

    /// <summary>As above; gives the serial number, the highest byte first.</summary>
    public byte[] WriteWithSerial(string name, params string[] hosts)
    {
        using var certificate = Authority.Issue(30, hosts);
        Write(name, certificate);
        return certificate.SerialNumberBytes.ToArray();
    }

    /// <summary>As above, with an RSA key.</summary>
    public string WriteRsa(string name, params string[] hosts)
    {
        using var certificate = Authority.IssueRsa(30, "endpoint", hosts);
        return Write(name, certificate);
    }

    /// <summary>Writes both files, each in one step, as the programs that renew certificates do.</summary>
    public string Write(string name, X509Certificate2 certificate)
    {
        Replace($"{name}.pem", certificate.ExportCertificatePem());
        Replace($"{name}.key", KeyOf(certificate));
        return ItemOf(name);
    }

    /// <summary>The item of <c>tls.certificates</c> with these files.</summary>
    public string ItemOf(string name) => $"{{cert: {this[$"{name}.pem"]}, key: {this[$"{name}.key"]}}}";

    /// <summary>Replaces a file by a rename; only its owner may read it.</summary>
    public void Replace(string name, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(this[$"{name}.new"], options))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(text));
        }

        File.Move(this[$"{name}.new"], this[name], overwrite: true);
    }

    /// <summary>Writes a file of ticket keys, those of the numbers given.</summary>
    public string WriteTicketKeys(string name, params byte[] keys)
    {
        Replace(name, string.Concat(keys.Select(key => Convert.ToBase64String([.. Enumerable.Repeat(key, 80)]) + "\n")));
        return this[name];
    }

    /// <summary>A certificate as clients present it.</summary>
    public X509Certificate2 Client(TestAuthority? authority = null)
    {
        using var certificate = (authority ?? Authority).Issue(30, "client");
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    public void Dispose()
    {
        Authority.Dispose();
        _folder.Dispose();
    }

    private static string KeyOf(X509Certificate2 certificate)
    {
        using AsymmetricAlgorithm key = certificate.GetECDsaPrivateKey() is { } ecdsa ? ecdsa : certificate.GetRSAPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }
}
