using System.Net.Sockets;
using LoadBalancer.Daemon.Tests.Scenarios.Http;

namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>What some of the clients speak.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Clients">How many clients speak it.</param>
/// <param name="AtOnce">How many calls each makes at once.</param>
/// <param name="Calls">What is called, in turn.</param>
/// <param name="Goodbye">How the other side says that a connection ends.</param>
/// <param name="Open">A connection of it on a socket, which that then owns.</param>
internal sealed record PairProtocol(string Name, int Clients, int AtOnce, IReadOnlyList<string> Calls, string Goodbye, Func<Socket, IPairConnection> Open)
{
    // Of four requests one is a POST and one a PUT, which has a body too and may be sent twice.
    private static readonly string[] Requests = ["POST", "GET", "PUT", "GET"];

    /// <summary>A request after the other.</summary>
    public static PairProtocol Http1 { get; } = new("HTTP/1.1", 4, 1, Requests, "Connection: close", socket => new Http1PairConnection(socket));

    /// <summary>Several requests at once on a connection.</summary>
    public static PairProtocol Http2 { get; } = new("HTTP/2", 2, 3, Requests, "GOAWAY", socket => new Http2PairConnection(socket));

    /// <summary>A WebSocket that was an upgrade of HTTP/1.1.</summary>
    public static PairProtocol WebSocket { get; } = new("WebSocket", 3, 1, [PairCall.Message], "1012", socket => new WebSocketPairConnection(socket, socket => new HttpWire(socket)));

    /// <summary>A WebSocket that is a stream of HTTP/2 (RFC 8441).</summary>
    public static PairProtocol WebSocketOverHttp2 { get; } = new("WebSocket over HTTP/2", 3, 1, [PairCall.Message], "1012", socket => new WebSocketPairConnection(socket, socket => new Http2Client(socket)));

    /// <summary>All of them.</summary>
    public static PairProtocol[] All => [Http1, Http2, WebSocket, WebSocketOverHttp2];

    /// <summary>True where a connection is a WebSocket's.</summary>
    public bool IsWebSocket => Calls[0] == PairCall.Message;
}
