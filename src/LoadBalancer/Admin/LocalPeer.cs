using System.Net.Sockets;
using LoadBalancer.Transport.Epoll;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace LoadBalancer.Daemon.Admin;

/// <summary>A feature of connections that came over a Unix socket: the peer is a process that the file's mode let in.</summary>
/// <param name="Credentials">Who it is; null where the kernel does not say.</param>
internal sealed record LocalPeer(PeerCredentials? Credentials)
{
    private const int LevelSocket = 1;
    private const int PeerCredentialsOption = 17;

    /// <summary>The peer of a connection over a Unix socket.</summary>
    public static LocalPeer Of(ConnectionContext connection) => new(
        connection.Features.Get<PeerCredentials>()
        ?? (connection.Features.Get<IConnectionSocketFeature>() is { Socket: var socket } ? Ask(socket) : null));

    private static PeerCredentials? Ask(Socket socket)
    {
        Span<byte> ucred = stackalloc byte[PeerCredentials.Bytes];
        return socket.GetRawSocketOption(LevelSocket, PeerCredentialsOption, ucred) == ucred.Length ? PeerCredentials.Read(ucred) : null;
    }
}
