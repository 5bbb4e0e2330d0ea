using System.Net;
using System.Net.Sockets;
using LoadBalancer.Faults;
using LoadBalancer.Tcp;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Tcp;

/// <summary>A client and an endpoint, plain blocking sockets both, with a relay on a loop between them.</summary>
internal sealed class RelayHarness : IDisposable
{
    private readonly EpollListener _listener;
    private readonly Socket _endpointListener;
    private readonly ManualResetEventSlim _started = new();
    private readonly TaskCompletionSource<(Relay Relay, Fault Fault)> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="timeouts">Of the relay; the defaults where null.</param>
    /// <param name="time">The loop's clock; the system's where null.</param>
    /// <param name="endpointPath">Where the endpoint listens; null for a TCP port.</param>
    public RelayHarness(TcpTimeouts? timeouts = null, TimeProvider? time = null, string? endpointPath = null)
    {
        _endpointListener = endpointPath is null ? Loopback.Listen() : Loopback.Listen(endpointPath);
        Loops = new TestLoops(time: time);
        var endpoint = _endpointListener.LocalEndPoint!;
        _listener = EpollListener.Bind(
            Loops.Group.Loops, new IPEndPoint(IPAddress.Loopback, 0), new TestSink(client => _ = ServeAsync(client, endpoint, timeouts ?? new TcpTimeouts())));
        _listener.Start();
        Client = Loopback.Connect(_listener.Address);
        Endpoint = _endpointListener.Accept();
        Endpoint.ReceiveTimeout = Endpoint.SendTimeout = Loopback.TimeoutMs;

        // An endpoint that resets before the loop has seen the connect succeed is a connect that failed, and no relay's business.
        Assert.That(_started.Wait(Loopback.TimeoutMs), Is.True, "the relay has not begun");
    }

    public TestLoops Loops { get; }

    /// <summary>What the relay counts.</summary>
    public ListenerMetrics Metrics { get; } = new("all", loops: 1);

    public Socket Client { get; }

    public Socket Endpoint { get; }

    /// <summary>Bytes that the relay counted up and down, and how it ended.</summary>
    public async Task<(long Up, long Down, Fault Fault)> Ended()
    {
        var (relay, fault) = await _ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        return (relay.BytesUp, relay.BytesDown, fault);
    }

    public void Dispose()
    {
        Client.Dispose();
        Endpoint.Dispose();
        _ended.Task.Wait(TimeSpan.FromSeconds(20));
        _listener.CloseAsync().Wait(TimeSpan.FromSeconds(20));
        _endpointListener.Dispose();
        Loops.Run(() => Assert.That(
            (Loops.First.Blocks.Rented, Loops.First.LargeBlocks.Rented, Loops.First.Pipes.Rented), Is.EqualTo((0, 0, 0)), "buffers still rented")).Wait();
        Loops.Dispose();
        _started.Dispose();
    }

    private async Task ServeAsync(EpollConnection client, EndPoint endpoint, TcpTimeouts timeouts)
    {
        var connected = await ConnectAttempt.StartAsync(client.Loop, endpoint, TimeSpan.FromSeconds(5));
        var relay = new Relay(client.TryTakeSocket()!, connected.Socket!, timeouts, Metrics);
        var running = relay.RunAsync();
        _started.Set();
        var fault = await running;
        relay.Close();
        await client.DisposeAsync();
        _ended.SetResult((relay, fault));
    }
}
