using System.Collections.Concurrent;
using System.Net;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Streams of HTTP/2 without a pause, over the connections of a client that knows its trade: what GOAWAY leaves out it asks again.</summary>
internal sealed class Http2Load : IDisposable
{
    private readonly ConcurrentQueue<string> _failed = [];
    private readonly HttpClient _client = new() { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    private readonly Task _asking;
    private int _served;
    private volatile bool _done;

    public Http2Load(EndPoint address, int workers) => _asking = Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(() => AskAsync(new Uri($"http://{address}/")))));

    /// <summary>Waits until so many more were answered.</summary>
    public void AwaitMore(int count)
    {
        var target = Volatile.Read(ref _served) + count;
        Assert.That(() => Volatile.Read(ref _served), Is.GreaterThanOrEqualTo(target).After(2 * Loopback.TimeoutMs, 1), () => $"answered, after these failed: {string.Join(", ", _failed.Take(10))}");
    }

    /// <summary>Ends it, and gives what failed.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        _done = true;
        await _asking;
        return [.. _failed];
    }

    public void Dispose()
    {
        _done = true;
        _client.Dispose();
    }

    private async Task AskAsync(Uri uri)
    {
        while (!_done)
        {
            try
            {
                using var response = await _client.GetAsync(uri);
                response.EnsureSuccessStatusCode();
                Interlocked.Increment(ref _served);
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException && !_done)
            {
                _failed.Enqueue(error.Message);
            }
        }
    }
}
