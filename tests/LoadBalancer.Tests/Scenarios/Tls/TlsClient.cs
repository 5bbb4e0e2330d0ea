using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Tls;

/// <summary>A client that speaks TLS and HTTP/1.1 in the plainest way, and trusts anybody unless it is told whom. Each wait is bounded.</summary>
internal sealed class TlsClient : IDisposable
{
    private readonly SslStream _stream;
    private readonly StreamReader _reader;

    private TlsClient(SslStream stream)
    {
        _stream = stream;
        _reader = new StreamReader(stream, Encoding.Latin1);
    }

    /// <summary>The connection.</summary>
    public SslStream Stream => _stream;

    /// <summary>The first name of the certificate that was shown.</summary>
    public string Shown => ((X509Certificate2)_stream.RemoteCertificate!).Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames().First();

    /// <summary>A connection after its handshake.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="name">The name that is asked for; empty for none.</param>
    /// <param name="certificate">What is shown when asked; null for nothing.</param>
    /// <param name="version">The only version.</param>
    /// <param name="protocols">What is offered by ALPN.</param>
    public static TlsClient Connect(
        EndPoint address, string name = "localhost", X509Certificate2? certificate = null, SslProtocols version = SslProtocols.None, params ReadOnlySpan<string> protocols)
    {
        var stream = new SslStream(new NetworkStream(Loopback.Connect(address), ownsSocket: true), false, static (_, certificate, _, _) => certificate is not null);
        try
        {
            var options = new SslClientAuthenticationOptions
            {
                TargetHost = name,
                EnabledSslProtocols = version,
                ClientCertificates = certificate is null ? null : [certificate],
                AllowTlsResume = false,
            };
            if (protocols.Length > 0)
            {
                options.ApplicationProtocols = [.. protocols.ToArray().Select(protocol => new SslApplicationProtocol(protocol))];
            }

            stream.AuthenticateAsClient(options);
            return new TlsClient(stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Sends a GET and gives the response: its status, and its body by the length that it tells.</summary>
    public (int Status, string Body) Get(string target, string host = "localhost", string fields = "")
    {
        _stream.Write(Encoding.Latin1.GetBytes($"GET {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n"));
        var status = int.Parse((_reader.ReadLine() ?? throw new EndOfStreamException()).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        var length = 0;
        while (_reader.ReadLine() is { Length: > 0 } line)
        {
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            {
                length = int.Parse(line.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        var body = new char[length];
        _reader.ReadBlock(body);
        return (status, new string(body));
    }

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
    }
}
