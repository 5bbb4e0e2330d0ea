using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Chaos;

/// <summary>Those of WebSockets.</summary>
internal sealed partial class ChaosClients
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private void TalkWebSocket(Random chance) => Talk(chance, "ws", id =>
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("X-Request-Id", id);
        using var patience = new CancellationTokenSource(Patience);
        socket.ConnectAsync(new Uri($"ws://{_farm.Web}/h1/ws"), patience.Token).GetAwaiter().GetResult();
        return socket;
    });

    // RFC 8441: a stream each, and here a connection too.
    private void TalkWebSocketOverHttp2(Random chance) => Talk(chance, "ws2", id =>
    {
        var wire = new Http2Wire(Loopback.Connect(_farm.Web));
        try
        {
            (string, string)[] fields =
            [
                (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/h1/ws"), (":authority", "test"),
                ("sec-websocket-version", "13"), ("x-request-id", id),
            ];
            var stream = wire.Open(fields, ends: false);
            var head = wire.ReadHead(stream, out var ended);
            return head.Status == 200 && !ended
                ? WebSocket.CreateFromStream(new Http2TunnelStream(wire, stream), new WebSocketCreationOptions())
                : throw new WebSocketException($"status {head.Status}");
        }
        catch
        {
            wire.Dispose();
            throw;
        }
    });

    [SuppressMessage("Design", "CA1031", Justification = "Whatever a client meets is what it reports.")]
    private void Talk(Random chance, string name, Func<string, WebSocket> open)
    {
        while (!_done)
        {
            var id = NextId(name);
            var began = _farm.Elapsed;
            try
            {
                using var socket = open(id);
                using var patience = new CancellationTokenSource(Patience);
                var buffer = new byte[4096];
                for (var message = 0; message < 5; message++)
                {
                    var sent = Body(1 + chance.Next(2000));
                    socket.SendAsync(sent, WebSocketMessageType.Binary, true, patience.Token).GetAwaiter().GetResult();
                    var count = 0;
                    while (count < sent.Length)
                    {
                        var received = socket.ReceiveAsync(buffer.AsMemory(count), patience.Token).AsTask().GetAwaiter().GetResult();
                        count += received.Count;
                        if (received.MessageType == WebSocketMessageType.Close)
                        {
                            throw new WebSocketException($"closed: {socket.CloseStatus}");
                        }
                    }

                    if (!buffer.AsSpan(0, count).SequenceEqual(sent))
                    {
                        throw new InvalidDataException("WRONG: another message came back");
                    }

                    Rest(chance);
                }

                socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token).GetAwaiter().GetResult();
                Ended(name, id);
            }
            catch (Exception error)
            {
                Failed(began, id, "WebSocket", Words(error));
            }

            Rest(chance);
        }
    }
}
