using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace LoadBalancer.Tls;

/// <summary>Reads the files that a listener's TLS names, and finds everything that is wrong with them. Not thread-safe: one reading.</summary>
/// <param name="now">The time at which certificates must be valid.</param>
internal sealed class TlsFiles(DateTimeOffset now)
{
    private const int MostBytes = 1024 * 1024;
    private const int MostNames = 1_000;

    private readonly List<TlsFileFault> _faults = [];
    private string[] _path = [];

    /// <summary>What is wrong, in the order of the options.</summary>
    public IReadOnlyList<TlsFileFault> Faults => _faults;

    /// <summary>Every file that <paramref name="options"/> name.</summary>
    public static IEnumerable<string> Of(TlsOptions options) =>
        options.Certificates.SelectMany(certificate => new[] { certificate.Cert, certificate.Key, certificate.Ocsp })
            .Append(options.ClientCertificates?.Ca).Append(options.TicketKeys).OfType<string>();

    /// <summary>What the files hold; null where one is no use and nothing is there for it, and <see cref="Faults"/> say why.</summary>
    /// <param name="options">Which files.</param>
    /// <param name="running">What was read of the same options before, and stands in for whatever is no use now: one broken file does not keep the others from being renewed. Null for nothing.</param>
    public TlsMaterial? Read(TlsOptions options, TlsMaterial? running = null)
    {
        var certificates = ImmutableArray.CreateBuilder<ServerCertificate>();
        for (var at = 0; at < options.Certificates.Count; at++)
        {
            var before = running?.Certificates[at];
            if (options.Certificates[at] is { Cert: not null, Key: not null } files
                && (ReadCertificate(files, at.ToString(System.Globalization.CultureInfo.InvariantCulture), before) ?? before) is { } certificate)
            {
                certificates.Add(certificate);
            }
        }

        var authorities = ReadAuthorities(options.ClientCertificates, running?.ClientAuthoritiesPem ?? []);
        var keys = ReadTicketKeys(options.TicketKeys, running?.TicketKeys ?? []);
        return (running is not null || _faults.TrueForAll(fault => fault.IsWarning)) && certificates.Count > 0
            ? new TlsMaterial
            {
                Certificates = certificates.ToImmutable(),
                ClientAuthoritiesPem = authorities,
                TicketKeys = keys,
                Warnings = [.. _faults.Where(fault => fault.IsWarning).Select(fault => fault.Message)],
            }
            : null;
    }

    private ServerCertificate? ReadCertificate(CertificateOptions files, string at, ServerCertificate? before)
    {
        _path = ["certificates", at, "cert"];
        var chain = Bytes(files.Cert);
        using var certificate = chain is null ? null : First(chain, files.Cert);
        _path = ["certificates", at, "key"];
        var key = Bytes(files.Key);
        if (key is null || !IsOpen(key, files.Key) || certificate is null)
        {
            return null;
        }

        if (!Matches(certificate, key))
        {
            Fault($"the private key in {files.Key} does not belong to the certificate in {files.Cert}; one of them is of another time, or the certificate is not the first in its file");
            return null;
        }

        WarnOfReaders(files.Key);
        _path = ["certificates", at, "cert"];
        WarnOfDates(certificate, files.Cert);
        var names = NamesOf(certificate, files.Cert);
        _path = ["certificates", at, "ocsp"];
        DateTimeOffset? stapleEnd = null;
        var staple = files.Ocsp is { } ocsp ? Staple(ocsp, certificate, chain!, before, out stapleEnd) : null;
        return names.Length == 0 ? null : new ServerCertificate
        {
            Source = files.Cert,
            ChainPem = chain!,
            KeyPem = key,
            Names = [.. names],
            NotAfter = certificate.NotAfter.ToUniversalTime(),
            KeyKind = KindOf(certificate),
            Staple = staple,
            StapleEnd = stapleEnd,
        };
    }

    private X509Certificate2? First(byte[] pem, string file)
    {
        var text = Encoding.Latin1.GetString(pem);
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(text);
        }
        catch (CryptographicException error)
        {
            Fault($"cannot read the certificates in {file}: {error.Message}");
            return null;
        }

        if (certificates.Count == 0)
        {
            Fault($"there is no certificate in {file}: it must have lines with -----BEGIN CERTIFICATE-----" +
                (text.Contains("PRIVATE KEY-----", StringComparison.Ordinal) ? "; it holds a private key, which belongs under 'key'" : "; one in DER becomes PEM by 'openssl x509 -inform DER'"));
            return null;
        }

        foreach (var other in certificates.Skip(1))
        {
            other.Dispose();
        }

        return certificates[0];
    }

    // libssl would ask for the password at a terminal that is not there.
    private bool IsOpen(byte[] pem, string file)
    {
        var text = Encoding.Latin1.GetString(pem);
        if (text.Contains("BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal) || text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
        {
            Fault($"the private key in {file} has a password, which nobody is there to type; write it without by 'openssl pkey -in {file} -out …' into a file that only lb may read");
            return false;
        }

        if (!text.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            Fault($"there is no private key in {file}: it must have lines with -----BEGIN PRIVATE KEY-----");
            return false;
        }

        return true;
    }

    private static bool Matches(X509Certificate2 certificate, byte[] key)
    {
        try
        {
            using var both = X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), Encoding.Latin1.GetString(key));
            return true;
        }
        catch (CryptographicException) when (KindOf(certificate) is not ("rsa" or "ecdsa"))
        {
            // A kind that .NET does not know; the engine compares them.
            return true;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private static string KindOf(X509Certificate2 certificate) => certificate.GetKeyAlgorithm() switch
    {
        "1.2.840.113549.1.1.1" => "rsa",
        "1.2.840.10045.2.1" => "ecdsa",
        "1.3.101.112" => "ed25519",
        var other => other,
    };

    private void WarnOfDates(X509Certificate2 certificate, string file)
    {
        if (certificate.NotAfter.ToUniversalTime() < now)
        {
            Warn(FormattableString.Invariant($"the certificate in {file} expired on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm}Z: clients refuse it until it is renewed"));
        }
        else if (certificate.NotBefore.ToUniversalTime() > now)
        {
            Warn(FormattableString.Invariant($"the certificate in {file} is not valid before {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm}Z: clients refuse it until then, or the clock is wrong"));
        }
    }

    private string[] NamesOf(X509Certificate2 certificate, string file)
    {
        var alternatives = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        var names = (alternatives?.EnumerateDnsNames() ?? []).Select(Canonical).Distinct(StringComparer.Ordinal).Take(MostNames + 1).ToArray();
        if (names.Length > MostNames)
        {
            Warn(FormattableString.Invariant($"the certificate in {file} has more than {MostNames} names, and is shown for the first {MostNames} of them: divide them over several certificates"));
            names = names[..MostNames];
        }

        var addresses = alternatives?.EnumerateIPAddresses().Select(address => address.ToString()).ToArray() ?? [];
        if (names.Length + addresses.Length > 0)
        {
            return [.. names, .. addresses];
        }

        var common = certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false);
        if (common.Length > 0 && !common.Contains(' ', StringComparison.Ordinal))
        {
            Warn($"the certificate in {file} has its name {common} only in its subject, where no browser looks any more: have it issued with a subject alternative name");
            return [Canonical(common)];
        }

        Fault($"the certificate in {file} is for no name: have it issued with a subject alternative name");
        return [];

        static string Canonical(string name) => name.TrimEnd('.').ToLowerInvariant();
    }

    // What is wrong with it is never worse than having none: clients that ask for one go on without.
    private byte[]? Staple(string file, X509Certificate2 certificate, byte[] chain, ServerCertificate? before, out DateTimeOffset? end)
    {
        end = null;
        string? why;
        if (!File.Exists(file))
        {
            why = $"there is no file {file}";
        }
        else if (TryRead(file, out why) is { } response)
        {
            why = OcspResponse.Flaw(response, certificate.SerialNumberBytes.Span, now, out end);
            if (why is null)
            {
                return response;
            }

            why = $"the OCSP response in {file} {why}";
        }

        if (before?.Staple is { } last && (before.StapleEnd is null || before.StapleEnd > now) && before.ChainPem.AsSpan().SequenceEqual(chain))
        {
            end = before.StapleEnd;
            Warn($"{why}; the one before stays until it ends");
            return last;
        }

        Warn($"{why}; the certificate is shown without an OCSP response until there is one");
        return null;
    }

    private byte[] ReadAuthorities(ClientCertificateOptions? options, byte[] before)
    {
        _path = ["client_certificates", "ca"];
        if (options is not { Ca: { } file, Mode: not ClientCertificateMode.Off } || Bytes(file) is not { } pem || First(pem, file) is not { } first)
        {
            return before;
        }

        first.Dispose();
        return pem;
    }

    private ImmutableArray<TicketKey> ReadTicketKeys(string? file, ImmutableArray<TicketKey> before)
    {
        _path = ["ticket_keys"];
        if (file is null || Bytes(file) is not { } bytes)
        {
            return before;
        }

        WarnOfReaders(file);
        var keys = ImmutableArray.CreateBuilder<TicketKey>();
        var lines = Encoding.Latin1.GetString(bytes).Split('\n');
        var block = new StringBuilder();
        for (var at = 0; at < lines.Length; at++)
        {
            var line = lines[at].Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            // openssl breaks its lines after 64 characters: a key is one line of 108, or two.
            block.Append(line);
            if (line.Length == 64)
            {
                continue;
            }

            var key = new byte[TicketKey.Bytes];
            if (!Convert.TryFromBase64String(block.ToString(), key, out var length) || length != TicketKey.Bytes)
            {
                Fault(FormattableString.Invariant($"line {at + 1} of {file} is no ticket key: a key is {TicketKey.Bytes} bytes in base64, as 'openssl rand -base64 {TicketKey.Bytes}' writes them"));
                return before;
            }

            keys.Add(TicketKey.From(key));
            block.Clear();
        }

        if (keys.Count == 0 || block.Length > 0)
        {
            Fault($"{(block.Length > 0 ? "the last key" : "there is no key")} in {file}{(block.Length > 0 ? " is cut off" : "")}: make one by 'openssl rand -base64 {TicketKey.Bytes} > {file}'");
            return before;
        }

        return keys.ToImmutable();
    }

    private void WarnOfReaders(string file)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & UnixFileMode.OtherRead) != 0)
        {
            Warn($"everybody on this machine may read {file}: chmod 640, and give it to the group that lb runs in");
        }
    }

    private byte[]? Bytes(string path)
    {
        var bytes = TryRead(path, out var why);
        if (bytes is null)
        {
            Fault(why!);
        }

        return bytes;
    }

    private static byte[]? TryRead(string path, out string? why)
    {
        why = null;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var buffer = new byte[MostBytes + 1];
            var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (length <= MostBytes)
            {
                return buffer[..length];
            }

            why = $"it is larger than {MostBytes / 1024} KiB";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            why = error switch
            {
                FileNotFoundException or DirectoryNotFoundException => "no such file",
                UnauthorizedAccessException when Directory.Exists(path) => "it is a directory",
                UnauthorizedAccessException => $"the user {Environment.UserName} may not read it",
                _ => error.Message,
            };
        }

        why = $"cannot read {path}: {why}";
        return null;
    }

    private void Fault(string message) => _faults.Add(new TlsFileFault(_path, message));

    private void Warn(string message) => _faults.Add(new TlsFileFault(_path, message, IsWarning: true));
}
