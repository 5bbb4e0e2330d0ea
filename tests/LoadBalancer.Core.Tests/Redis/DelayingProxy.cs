using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Tests.Redis;

/// <summary>Passes connections on, and what comes back later than it came, or never.</summary>
internal sealed class DelayingProxy : IDisposable
{
    private readonly Socket _listener = Loopback.Listen();
    private readonly EndPoint _target;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;
    private long _delayMs;
    private int _connections;

    public DelayingProxy(EndPoint target)
    {
        _target = target;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public EndPoint Address => _listener.LocalEndPoint!;

    /// <summary>How much later answers come; infinite for never.</summary>
    public TimeSpan Delay
    {
        get => TimeSpan.FromMilliseconds(Interlocked.Read(ref _delayMs));
        set => Interlocked.Exchange(ref _delayMs, (long)value.TotalMilliseconds);
    }

    /// <summary>How many connections it has taken.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        Assert.That(_accepting.Wait(Loopback.TimeoutMs), Is.True);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_end.Token);
                Interlocked.Increment(ref _connections);
                open.Add(PassAsync(client));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task PassAsync(Socket client)
    {
        using var server = new Socket(_target.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await server.ConnectAsync(_target, _end.Token);
            await Task.WhenAny(CopyAsync(client, server, delays: false), CopyAsync(server, client, delays: true));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // The test is over, or one of the two is gone.
        }
        finally
        {
            client.Dispose();
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool delays)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (int read; (read = await from.ReceiveAsync(buffer, _end.Token)) > 0;)
            {
                if (delays && Delay != TimeSpan.Zero)
                {
                    await Task.Delay(Delay, TimeProvider.System, _end.Token);
                }

                await to.SendAsync(buffer.AsMemory(0, read), _end.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // As above.
        }
    }
}
