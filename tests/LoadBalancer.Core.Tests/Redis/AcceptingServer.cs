using System.Net;
using System.Net.Sockets;

namespace LoadBalancer.Tests.Redis;

/// <summary>Accepts connections on loopback until it is disposed of, and serves each by what a test makes of it.</summary>
internal abstract class AcceptingServer : IDisposable
{
    private readonly Socket _listener = Loopback.Listen();
    private readonly CancellationTokenSource _end = new();
    private Task? _accepting;
    private int _connections;

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>How many connections it has taken.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Ends with the test.</summary>
    protected CancellationToken End => _end.Token;

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        Assert.That(_accepting!.Wait(Loopback.TimeoutMs), Is.True);
        _end.Dispose();
    }

    /// <summary>Begins to accept; the last act of a constructor.</summary>
    protected void Begin() => _accepting = AcceptAsync();

    /// <summary>Serves a connection until it ends or the test does, which may be an exception.</summary>
    /// <param name="client">The connection, disposed of by the caller.</param>
    /// <param name="number">Which it is, from 1.</param>
    protected abstract Task ServeAsync(Socket client, int number);

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(KeepAsync(await _listener.AcceptAsync(_end.Token), Interlocked.Increment(ref _connections)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task KeepAsync(Socket client, int number)
    {
        using (client)
        {
            try
            {
                await ServeAsync(client, number);
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The test is over, or the other end is gone.
            }
        }
    }
}
