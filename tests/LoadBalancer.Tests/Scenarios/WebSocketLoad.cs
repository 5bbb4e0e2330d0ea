using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>
/// Clients with a WebSocket each, on which every message comes back; one that is told 1012 closes and opens another. Anything else that ends
/// one has failed.
/// </summary>
internal sealed class WebSocketLoad : IDisposable
{
    private const WebSocketCloseStatus ServiceRestart = (WebSocketCloseStatus)1012;

    private readonly Uri _uri;
    private readonly ConcurrentQueue<string> _failed = [];
    private readonly Task _talking;
    private int _echoed;
    private int _restarts;
    private volatile bool _done;

    public WebSocketLoad(EndPoint address, int workers)
    {
        _uri = new Uri($"ws://{address}/");
        _talking = Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(TalkAsync)));
    }

    /// <summary>How often one was told to come again.</summary>
    public int Restarts => Volatile.Read(ref _restarts);

    /// <summary>Waits until so many more messages came back.</summary>
    public void AwaitMore(int count)
    {
        var target = Volatile.Read(ref _echoed) + count;
        Assert.That(() => Volatile.Read(ref _echoed), Is.GreaterThanOrEqualTo(target).After(2 * Loopback.TimeoutMs, 1), () => $"messages, after these failed: {string.Join(", ", _failed.Take(10))}");
    }

    /// <summary>Ends it, and gives what failed.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        _done = true;
        await _talking;
        return [.. _failed];
    }

    public void Dispose() => _done = true;

    private async Task TalkAsync()
    {
        var buffer = new byte[64];
        while (!_done)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            using var socket = new ClientWebSocket();
            try
            {
                await socket.ConnectAsync(_uri, patience.Token);
                for (var at = 0; !_done; at++)
                {
                    var message = BitConverter.GetBytes(at);
                    if (socket.State == WebSocketState.Open)
                    {
                        await socket.SendAsync(message, WebSocketMessageType.Binary, true, patience.Token);
                    }

                    var received = await socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
                    if (received.MessageType == WebSocketMessageType.Close)
                    {
                        if (socket.CloseStatus != ServiceRestart)
                        {
                            _failed.Enqueue($"closed with {socket.CloseStatus}");
                        }

                        await socket.CloseOutputAsync(ServiceRestart, null, patience.Token);
                        Interlocked.Increment(ref _restarts);
                        break;
                    }

                    if (!buffer.AsSpan(0, received.Count).SequenceEqual(message))
                    {
                        _failed.Enqueue("a message came back changed");
                    }

                    Interlocked.Increment(ref _echoed);
                    await Task.Yield();
                }
            }
            catch (Exception error) when (error is WebSocketException or OperationCanceledException)
            {
                _failed.Enqueue($"{socket.State}: {error.Message}");
            }
        }
    }
}
