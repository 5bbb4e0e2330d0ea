using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>An endpoint of a test that speaks TLS: says its name inside it to whoever connects, then echoes.</summary>
internal sealed class TlsEndpoint : IDisposable
{
    private readonly Socket _listener = Loopback.Listen();
    private readonly X509Certificate2 _certificate;
    private readonly byte[] _greeting;

    public TlsEndpoint(string greeting)
    {
        _greeting = System.Text.Encoding.ASCII.GetBytes(greeting + "\n");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        var start = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var made = request.CreateSelfSigned(start, start.AddYears(100));
        _certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public EndPoint Address => _listener.LocalEndPoint!;

    public void Dispose()
    {
        _listener.Dispose();
        _certificate.Dispose();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var socket = _listener.Accept();
                new Thread(() => Serve(socket), maxStackSize: 256 * 1024) { IsBackground = true }.Start();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private void Serve(Socket socket)
    {
        try
        {
            using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            stream.AuthenticateAsServer(_certificate);
            stream.Write(_greeting);
            var buffer = new byte[4096];
            for (int count; (count = stream.Read(buffer)) > 0;)
            {
                stream.Write(buffer.AsSpan(0, count));
            }

            stream.ShutdownAsync().Wait(TimeSpan.FromSeconds(20));
        }
        catch (Exception error) when (error is IOException or AuthenticationException or ObjectDisposedException)
        {
            // The client did not go on.
        }
    }
}
