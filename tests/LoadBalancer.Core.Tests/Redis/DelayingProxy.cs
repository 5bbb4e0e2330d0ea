using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Tests.Redis;

/// <summary>Passes connections on, and what comes back later than it came, or never.</summary>
internal sealed class DelayingProxy : AcceptingServer
{
    private readonly EndPoint _target;
    private long _delayMs;

    public DelayingProxy(EndPoint target)
    {
        _target = target;
        Begin();
    }

    /// <summary>How much later answers come; infinite for never.</summary>
    public TimeSpan Delay
    {
        get => TimeSpan.FromMilliseconds(Interlocked.Read(ref _delayMs));
        set => Interlocked.Exchange(ref _delayMs, (long)value.TotalMilliseconds);
    }

    protected override async Task ServeAsync(Socket client, int number)
    {
        using var server = new Socket(_target.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await server.ConnectAsync(_target, End);
        await Task.WhenAny(CopyAsync(client, server, delays: false), CopyAsync(server, client, delays: true));
    }

    private async Task CopyAsync(Socket from, Socket to, bool delays)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (int read; (read = await from.ReceiveAsync(buffer, End)) > 0;)
            {
                if (delays && Delay != TimeSpan.Zero)
                {
                    await Task.Delay(Delay, TimeProvider.System, End);
                }

                await to.SendAsync(buffer.AsMemory(0, read), End);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The other direction has ended, and nobody waits for this one.
        }
    }
}
