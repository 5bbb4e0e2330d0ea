using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoadBalancer.Tests.Health;

/// <summary>An endpoint that answers probes as a test has written: a function over each connection, which is closed in order when it returns.</summary>
internal sealed class ProbedServer : IDisposable
{
    private readonly Socket _listener;
    private readonly Func<Stream, Task> _serve;
    private int _open;
    private int _accepted;

    public ProbedServer(Func<Stream, Task> serve)
    {
        _listener = Loopback.Listen();
        _serve = serve;
        _ = AcceptAsync();
    }

    /// <summary>A server that reads the head of a request and then answers with <paramref name="answer"/>, one byte a character.</summary>
    public static ProbedServer Answering(string answer) => new(async stream =>
    {
        await ReadHeadAsync(stream);
        await SendAsync(stream, answer);
    });

    public EndPoint Address => _listener.LocalEndPoint!;

    /// <summary>Connections accepted so far.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Connections that are served now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>The head of a request, up to and without the empty line.</summary>
    public static async Task<string> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one) > 0)
        {
            head.Append((char)one[0]);
        }

        return head.ToString().TrimEnd();
    }

    /// <summary>Sends text, one byte a character.</summary>
    public static Task SendAsync(Stream stream, string text) => stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();

    /// <summary>Waits until the peer has finished or is gone.</summary>
    public static async Task DrainAsync(Stream stream)
    {
        var buffer = new byte[1024];
        while (await stream.ReadAsync(buffer) > 0)
        {
            // Nobody wants it.
        }
    }

    /// <summary>Waits until nobody is connected.</summary>
    public async Task UntilAllAreClosedAsync()
    {
        var start = TimeProvider.System.GetTimestamp();
        while (Open > 0)
        {
            Assert.That(TimeProvider.System.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(30)), $"{Open} connections are still open");
            await Loopback.PauseAsync();
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
        Interlocked.Increment(ref _open);
        Interlocked.Increment(ref _accepted);
        await Task.Yield();
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await _serve(stream);
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The probe has gone, as it may.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}
