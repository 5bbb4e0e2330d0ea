using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>An endpoint of very many streams, without a thread for each: WebSockets and bare TCP are echoed, any other request is an event stream.</summary>
internal sealed class StreamEndpoint : IDisposable
{
    private readonly Socket _listener = Loopback.Listen();
    private readonly ConcurrentQueue<Socket> _events = [];

    public StreamEndpoint() => _ = AcceptAsync();

    /// <summary>Where it listens.</summary>
    public EndPoint Address => _listener.LocalEndPoint!;

    /// <summary>Sends an event on every stream of them.</summary>
    public void Send(string data)
    {
        foreach (var socket in _events)
        {
            socket.Send(Encoding.ASCII.GetBytes($"data: {data}\n\n"));
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptAsync());
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            var buffer = new byte[1024];
            for (int count; (count = await socket.ReceiveAsync(buffer)) > 0;)
            {
                if (!buffer.AsSpan().StartsWith("GET "u8))
                {
                    await socket.SendAsync(buffer.AsMemory(0, count));
                    continue;
                }

                // A head in one piece, as it is on loopback.
                var lines = Encoding.ASCII.GetString(buffer, 0, count).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
                var request = new HttpMessage(lines[0], [.. lines[1..]], [], []);
                if (request["Upgrade"] is null)
                {
                    await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 10000000\r\n\r\n"u8.ToArray());
                    _events.Enqueue(socket);
                }
                else
                {
                    await socket.SendAsync(Encoding.ASCII.GetBytes(WebSocketAnswer.To(request)));
                }
            }
        }
        catch (SocketException)
        {
            // The peer is gone.
        }
        finally
        {
            socket.Dispose();
        }
    }
}
