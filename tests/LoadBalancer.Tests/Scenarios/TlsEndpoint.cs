using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>
/// An endpoint of a test that speaks TLS with a certificate of its own, whose subject is its name: says its name inside it
/// to whoever connects, then echoes.
/// </summary>
internal sealed class TlsEndpoint : IDisposable
{
    private readonly Socket _listener = Loopback.Listen();
    private readonly X509Certificate2 _certificate;
    private readonly string _name;
    private readonly bool _isProxied;
    private readonly Thread _accepting;
    private readonly ConcurrentQueue<(Socket Socket, Thread Serving)> _clients = new();
    private volatile bool _disposed;

    /// <param name="name">Its name.</param>
    /// <param name="isProxied">True where it expects a PROXY header, version 2; the client's address then follows its name.</param>
    public TlsEndpoint(string name, bool isProxied = false)
    {
        (_name, _isProxied, Address) = (name, isProxied, _listener.LocalEndPoint!);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var start = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var made = request.CreateSelfSigned(start, start.AddYears(100));
        _certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        _accepting = new Thread(Accept) { IsBackground = true };
        _accepting.Start();
    }

    public EndPoint Address { get; }

    public void Dispose()
    {
        _disposed = true;
        _listener.Dispose();
        _accepting.Join();
        foreach (var (socket, _) in _clients)
        {
            socket.Dispose();
        }

        // Nobody may be left who still shakes hands with the certificate.
        foreach (var (_, serving) in _clients)
        {
            serving.Join();
        }

        _certificate.Dispose();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var socket = _listener.Accept();
                var serving = new Thread(() => Serve(socket), maxStackSize: 256 * 1024) { IsBackground = true };
                _clients.Enqueue((socket, serving));
                serving.Start();
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
            using var plain = new NetworkStream(socket, ownsSocket: true);
            var client = _isProxied ? $" {ReadClient(plain)}" : "";
            using var stream = new SslStream(plain);
            stream.AuthenticateAsServer(_certificate);
            stream.Write(Encoding.ASCII.GetBytes($"{_name}{client}\n"));
            var buffer = new byte[4096];
            for (int count; (count = stream.Read(buffer)) > 0;)
            {
                stream.Write(buffer.AsSpan(0, count));
            }

            stream.ShutdownAsync().GetAwaiter().GetResult();
        }
        catch (Exception error) when (_disposed || error is IOException or AuthenticationException or ObjectDisposedException)
        {
            // The client did not go on, or this endpoint is over.
        }
    }

    /// <summary>The client that a PROXY header tells of: command PROXY, TCP over IPv4 (PROXY protocol, 2.2).</summary>
    private static IPEndPoint ReadClient(NetworkStream stream)
    {
        var start = new byte[16];
        stream.ReadExactly(start);
        var rest = new byte[BinaryPrimitives.ReadUInt16BigEndian(start.AsSpan(14))];
        stream.ReadExactly(rest);
        return start.AsSpan().StartsWith("\r\n\r\n\0\r\nQUIT\n\u0021\u0011"u8)
            ? new IPEndPoint(new IPAddress(rest.AsSpan(0, 4)), BinaryPrimitives.ReadUInt16BigEndian(rest.AsSpan(8)))
            : throw new IOException("no client's connection");
    }
}
