using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// Clients that ask without a pause, each on a thread and a connection of its own, which it keeps until it is told to close. A request
/// that is not answered with 200 has failed.
/// </summary>
internal sealed class HttpLoad : IDisposable
{
    private readonly EndPoint _address;
    private readonly string _fields;
    private readonly List<Thread> _workers;
    private readonly ConcurrentQueue<Failure> _failed = [];
    private int _served;
    private volatile bool _done;

    /// <summary>Begins.</summary>
    /// <param name="address">Where.</param>
    /// <param name="workers">How many clients.</param>
    /// <param name="posts">Every which request is a POST, the others are GET; 0 for none.</param>
    /// <param name="untilRefused">True where a client ends when it cannot connect, instead of failing.</param>
    /// <param name="closes">True where every request has a connection of its own.</param>
    public HttpLoad(EndPoint address, int workers, int posts = 0, bool untilRefused = false, bool closes = false)
    {
        _address = address;
        _fields = closes ? "Host: test\r\nConnection: close\r\n" : "Host: test\r\n";
        _workers = [.. Enumerable.Range(0, workers).Select(_ => new Thread(() => Ask(posts, untilRefused)) { IsBackground = true })];
        _workers.ForEach(worker => worker.Start());
    }

    /// <summary>Requests that were answered.</summary>
    public int Served => Volatile.Read(ref _served);

    /// <summary>What failed so far.</summary>
    public IReadOnlyList<Failure> Failed => [.. _failed];

    /// <summary>Waits until so many more were answered.</summary>
    public void AwaitMore(int count)
    {
        var target = Served + count;
        Assert.That(() => Served, Is.GreaterThanOrEqualTo(target).After(2 * Loopback.TimeoutMs, 1), () => $"answered, after these failed: {string.Join(", ", _failed.Take(10))}");
    }

    /// <summary>Ends it, and gives what failed.</summary>
    public IReadOnlyList<Failure> Stop()
    {
        _done = true;
        return Join();
    }

    /// <summary>Waits for clients that end by themselves, and gives what failed.</summary>
    public IReadOnlyList<Failure> Join()
    {
        _workers.ForEach(worker => worker.Join());
        return Failed;
    }

    public void Dispose() => Stop();

    private void Ask(int posts, bool untilRefused)
    {
        HttpWire? wire = null;
        for (var number = 1; !_done; number++)
        {
            var method = posts > 0 && number % posts == 0 ? "POST" : "GET";
            var step = "connect";
            try
            {
                wire ??= new HttpWire(Loopback.Connect(_address));
                step = "send";
                wire.Send(method == "POST" ? $"POST /p HTTP/1.1\r\n{_fields}Content-Length: 5\r\n\r\nhello" : $"GET /g HTTP/1.1\r\n{_fields}\r\n");
                step = "read";
                var response = wire.ReadResponse();
                if (response.Status == 200)
                {
                    Interlocked.Increment(ref _served);
                }
                else
                {
                    _failed.Enqueue(new Failure(method, $"{response.Status} {response.Text}"));
                }

                if (response["Connection"] == "close")
                {
                    wire.Dispose();
                    wire = null;
                }
            }
            catch (Exception error) when (error is SocketException or EndOfStreamException)
            {
                if (untilRefused && step == "connect")
                {
                    return;
                }

                _failed.Enqueue(new Failure(method, $"{step}: {error.Message}"));
                wire?.Dispose();
                wire = null;
            }
        }

        wire?.Dispose();
    }

    /// <summary>A request that was not answered with 200.</summary>
    internal sealed record Failure(string Method, string What);
}
