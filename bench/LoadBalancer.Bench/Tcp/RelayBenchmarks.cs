using System.Net;
using System.Net.Sockets;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Tcp;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Bench.Tcp;

/// <summary>
/// A message there and back: through a relay on a loop, and without one for comparison. Most of it is the kernel's TCP;
/// what matters is the difference, and the column of allocated bytes.
/// </summary>
[MemoryDiagnoser]
public class RelayBenchmarks : IConnectionSink
{
    private readonly byte[] _message = new byte[64 * 1024];
    private readonly byte[] _echo = new byte[64 * 1024];
    private readonly ListenerMetrics _metrics = new("all", loops: 1);
    private LoopGroup _loops = null!;
    private EpollListener _listener = null!;
    private Socket _endpoint = null!;
    private Socket _relayed = null!;
    private Socket _direct = null!;

    /// <summary>The size of a message in bytes.</summary>
    [Params(100, 16 * 1024)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Connect()
    {
        _loops = new LoopGroup(1, TimeProvider.System, (_, error) => throw error, _ => { });
        _endpoint = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _endpoint.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _endpoint.Listen();
        _listener = EpollListener.Bind(_loops.Loops, new IPEndPoint(IPAddress.Loopback, 0), this);
        _listener.Start();
        _relayed = ConnectTo(_listener.Address);
        _direct = ConnectTo(_endpoint.LocalEndPoint!);
    }

    [GlobalCleanup]
    public void Close()
    {
        _relayed.Dispose();
        _direct.Dispose();
        _endpoint.Dispose();
        _listener.CloseAsync().Wait();
        _loops.Dispose();
    }

    [Benchmark(Baseline = true)]
    public void Direct() => Exchange(_direct);

    [Benchmark]
    public void Relayed() => Exchange(_relayed);

    bool IConnectionSink.MayUseReserve => false;

    bool IConnectionSink.MayAccept() => true;

    void IConnectionSink.OnAccepted(EpollConnection connection) => _ = ServeAsync(connection);

    void IConnectionSink.OnAcceptFailed(string why) => throw new IOException(why);

    private async Task ServeAsync(EpollConnection client)
    {
        var connected = await ConnectAttempt.StartAsync(client.Loop, _endpoint.LocalEndPoint!, TimeSpan.FromSeconds(5));
        var relay = new Relay(client.TryTakeSocket()!, connected.Socket!, new TcpTimeouts(), _metrics);
        await relay.RunAsync();
        relay.Close();
        client.Close();
    }

    private Socket ConnectTo(EndPoint address)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(address);
        var peer = _endpoint.Accept();
        peer.NoDelay = true;
        new Thread(() => Echo(peer)) { IsBackground = true }.Start();
        return client;
    }

    private static void Echo(Socket peer)
    {
        var buffer = new byte[64 * 1024];
        for (int count; (count = peer.Receive(buffer)) > 0;)
        {
            peer.Send(buffer, 0, count, SocketFlags.None);
        }

        peer.Dispose();
    }

    private void Exchange(Socket client)
    {
        client.Send(_message, 0, Bytes, SocketFlags.None);
        for (var received = 0; received < Bytes;)
        {
            received += client.Receive(_echo, received, Bytes - received, SocketFlags.None);
        }
    }
}
