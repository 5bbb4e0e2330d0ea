using System.Net.Security;
using System.Net.Sockets;
using NUnit.Framework.Internal;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>A fixture whose tests run once for each carrier: what they say is true of both.</summary>
internal interface IOverCarriers
{
    /// <summary>The carrier of its clients.</summary>
    Carrier Carrier { get; }

    /// <summary>A client that speaks what the fixture of the running test is about; HTTP/1.1 where it is about neither.</summary>
    static HttpWire Connect(Socket socket) => IsHttp2 ? new Http2Client(socket) : new HttpWire(socket);

    /// <summary>The same inside TLS, agreed on by ALPN.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="tls">The name that is asked for, and who is trusted.</param>
    static HttpWire Connect(Socket socket, SslClientAuthenticationOptions tls)
    {
        var stream = new SslStream(new NetworkStream(socket));
        stream.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = tls.TargetHost,
            CertificateChainPolicy = tls.CertificateChainPolicy,
            ApplicationProtocols = [IsHttp2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11],
        });
        return IsHttp2 ? new Http2Client(socket, stream) : new HttpWire(socket, stream);
    }

    private static bool IsHttp2 => TestExecutionContext.CurrentContext.TestObject is IOverCarriers { Carrier: Carrier.Http2 };
}
