using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace LoadBalancer.Tls;

/// <summary>Reads and checks the files of <see cref="UpstreamTlsOptions"/>.</summary>
internal static class UpstreamTlsFiles
{
    /// <summary>No file of these is larger: all authorities of a machine are a quarter of it.</summary>
    private const int MostBytes = 1024 * 1024;

    /// <summary>Every file that <paramref name="options"/> name.</summary>
    public static IEnumerable<string> Of(UpstreamTlsOptions options) => new[] { options.Ca, options.Cert, options.Key }.OfType<string>();

    /// <summary>The settings that <paramref name="options"/> make.</summary>
    /// <param name="options">What the file says.</param>
    /// <param name="ownName">The name of the endpoints where the options have none; null for their addresses.</param>
    /// <exception cref="TlsSetupException">A file cannot be read, or is no use.</exception>
    public static TlsClientSettings Read(UpstreamTlsOptions options, string? ownName)
    {
        var settings = new TlsClientSettings { ServerName = options.ServerName ?? ownName, Verifies = !options.Insecure };
        if (options.Ca is { } ca)
        {
            var pem = ReadAll(ca);
            CheckCertificates(ca, pem);
            settings = settings with { AuthoritiesPem = Encoding.ASCII.GetBytes(pem) };
        }

        if (options is { Cert: { } cert, Key: { } key })
        {
            var (chain, secret) = (ReadAll(cert), ReadAll(key));
            CheckCertificates(cert, chain);
            try
            {
                X509Certificate2.CreateFromPem(chain, secret).Dispose();
            }
            catch (Exception error) when (error is ArgumentException || (error is CryptographicException && error.InnerException is ArgumentException))
            {
                throw new TlsSetupException(key, "the private key does not belong to the certificate");
            }
            catch (CryptographicException error)
            {
                throw new TlsSetupException(key, Sentence(error));
            }

            settings = settings with { ChainPem = Encoding.ASCII.GetBytes(chain), KeyPem = Encoding.ASCII.GetBytes(secret) };
        }

        return settings;
    }

    private static void CheckCertificates(string path, string pem)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException error)
        {
            throw new TlsSetupException(path, Sentence(error));
        }

        if (certificates.Count == 0)
        {
            throw new TlsSetupException(path, "there is no certificate in it");
        }
    }

    /// <summary>What the files hold now, as a hash of each; empty for one that cannot be read. When one was written says nothing of it: a copy may keep the time of what it was copied from.</summary>
    public static ImmutableArray<string> HashesOf(UpstreamTlsOptions options) => [.. Of(options).Select(HashOf)];

    private static string HashOf(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return file.Length > MostBytes ? FormattableString.Invariant($"{file.Length} bytes") : Convert.ToHexString(SHA256.HashData(file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string ReadAll(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Exists && file.Length > MostBytes)
            {
                throw new TlsSetupException(path, "it is larger than 1 MiB");
            }

            var text = File.ReadAllText(path, Encoding.ASCII);
            return text.Contains("-----BEGIN ", StringComparison.Ordinal) ? text : throw new TlsSetupException(path, "there is no PEM block in it");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TlsSetupException(path, Sentence(error));
        }
    }

    private static string Sentence(Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => $"the user {Environment.UserName} may not read it",
        _ => char.ToLowerInvariant(error.Message[0]) + error.Message[1..].TrimEnd('.'),
    };
}
