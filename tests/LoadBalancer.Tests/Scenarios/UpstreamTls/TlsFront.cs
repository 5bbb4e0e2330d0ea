using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.UpstreamTls;

/// <summary>TLS before a plain endpoint of a test, by the platform's SslStream.</summary>
internal sealed class TlsFront : IAsyncDisposable
{
    private readonly Socket _listener = Loopback.Listen();
    private readonly EndPoint _behind;
    private readonly ConcurrentDictionary<Task, Socket> _serving = new();
    private readonly Task _accepting;
    private volatile X509Certificate2 _certificate;
    private int _handshakes;

    /// <param name="certificate">What it shows; its own from here on.</param>
    /// <param name="behind">Where the bytes go.</param>
    public TlsFront(X509Certificate2 certificate, EndPoint behind)
    {
        _certificate = Usable(certificate);
        _behind = behind;
        _accepting = Task.Run(AcceptAsync);
    }

    public EndPoint Address => _listener.LocalEndPoint!;

    /// <summary>What may be spoken inside, the preferred first.</summary>
    public List<SslApplicationProtocol> Speaks { get; init; } = [SslApplicationProtocol.Http11];

    /// <summary>True where a client without a certificate is refused.</summary>
    public bool Asks { get; init; }

    /// <summary>True where the end comes without the word of TLS that it is one.</summary>
    public bool CutsOff { get; set; }

    /// <summary>Handshakes that were done.</summary>
    public int Handshakes => Volatile.Read(ref _handshakes);

    /// <summary>What the last client asked for, offered and showed.</summary>
    public string Said { get; private set; } = "";

    /// <summary>From here on another certificate is shown.</summary>
    public void Show(X509Certificate2 certificate) => _certificate = Usable(certificate);

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach (var (serving, socket) in _serving)
        {
            socket.Dispose();
            await serving;
        }
    }

    private static X509Certificate2 Usable(X509Certificate2 certificate)
    {
        using (certificate)
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync();
                _serving[ServeAsync(socket)] = socket;
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await Task.Yield();
        try
        {
            using var behind = new Socket(_behind.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await behind.ConnectAsync(_behind);
            await using var plain = new NetworkStream(behind);
            await using var wire = new NetworkStream(socket, ownsSocket: true);
            await using var stream = new SslStream(wire, false, (_, certificate, _, _) => !Asks || certificate is not null);
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = _certificate,
                ClientCertificateRequired = Asks,
                ApplicationProtocols = Speaks,
            });
            Said = $"{stream.TargetHostName} {stream.NegotiatedApplicationProtocol} {stream.RemoteCertificate?.Subject}";
            Interlocked.Increment(ref _handshakes);
            await Task.WhenAll(UpAsync(stream, plain, behind), DownAsync(plain, stream, socket));
        }
        catch (Exception error) when (error is IOException or AuthenticationException or SocketException or ObjectDisposedException)
        {
            // One of them is gone.
        }
    }

    private static async Task UpAsync(SslStream from, NetworkStream to, Socket behind)
    {
        try
        {
            await from.CopyToAsync(to);
        }
        finally
        {
            behind.Shutdown(SocketShutdown.Send);
        }
    }

    private async Task DownAsync(NetworkStream from, SslStream to, Socket socket)
    {
        await from.CopyToAsync(to);
        if (!CutsOff)
        {
            await to.ShutdownAsync();
        }

        socket.Shutdown(SocketShutdown.Send);
    }
}
