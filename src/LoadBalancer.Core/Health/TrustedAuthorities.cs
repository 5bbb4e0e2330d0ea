using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LoadBalancer.Health;

/// <summary>
/// The certificates of a PEM file. It is read when it is first asked for and again when its time has changed; a file that
/// cannot be read then leaves what was read before. Thread-safe.
/// </summary>
/// <param name="path">The file.</param>
internal sealed class TrustedAuthorities(string path)
{
    private Content? _read;

    /// <summary>The certificates of the file at <paramref name="path"/>.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">There is no certificate in it.</exception>
    public static X509Certificate2Collection Read(string path)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(path);
        }
        catch (CryptographicException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }

        return certificates.Count > 0 ? certificates : throw new InvalidDataException("there is no certificate in it");
    }

    /// <summary>The certificates now.</summary>
    /// <exception cref="IOException">The file cannot be read, and never could.</exception>
    /// <exception cref="InvalidDataException">There is no certificate in it, and never was.</exception>
    public X509Certificate2Collection Current()
    {
        var known = Volatile.Read(ref _read);
        var written = File.GetLastWriteTimeUtc(path);
        if (known?.Written == written)
        {
            return known.Certificates;
        }

        try
        {
            var certificates = Read(path);
            Volatile.Write(ref _read, new Content(written, certificates));
            return certificates;
        }
        catch (Exception e) when (known is not null && e is IOException or InvalidDataException)
        {
            return known.Certificates;
        }
    }

    private sealed record Content(DateTime Written, X509Certificate2Collection Certificates);
}
