using System.Collections.Concurrent;

namespace LoadBalancer.Overload;

/// <summary>Clients that wait one second for an answer and no longer.</summary>
internal sealed class Load(Uri address, int seed) : IDisposable
{
    private static readonly (string Path, double Share)[] Mix = [("/high", 0.2), ("/normal", 0.4), ("/low", 0.4)];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Random _random = new(seed);
    private readonly HttpClient _client = new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1), UseProxy = false }) { BaseAddress = address };

    /// <summary>What so many clients get done that ask again and again: answers in a second.</summary>
    public async Task<double> SaturateAsync(int clients, TimeSpan time)
    {
        var results = new ConcurrentQueue<Result>();
        var began = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            while (TimeProvider.System.GetElapsedTime(began) < time)
            {
                await AskAsync("/", TimeProvider.System.GetTimestamp(), results);
            }
        }));
        return results.Count(result => result.Status == 200) / TimeProvider.System.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>An open loop: requests come when they come (a Poisson process), whatever became of those before. Times count from when one was due.</summary>
    public async Task<IReadOnlyList<Result>> OfferAsync(double rate, TimeSpan time)
    {
        var results = new ConcurrentQueue<Result>();
        var began = TimeProvider.System.GetTimestamp();
        var asked = new List<Task>();
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        for (var due = TimeSpan.Zero; due < time;)
        {
            await ticks.WaitForNextTickAsync();
            while (due < time && due <= TimeProvider.System.GetElapsedTime(began))
            {
                asked.Add(AskAsync(Draw(), began + (long)(due.TotalSeconds * TimeProvider.System.TimestampFrequency), results));
                due += TimeSpan.FromSeconds(-Math.Log(1 - _random.NextDouble()) / rate);
            }
        }

        await Task.WhenAll(asked);
        return [.. results];
    }

    public void Dispose() => _client.Dispose();

    private string Draw()
    {
        var draw = _random.NextDouble();
        return Array.Find(Mix, kind => (draw -= kind.Share) < 0).Path ?? "/low";
    }

    private async Task AskAsync(string path, long due, ConcurrentQueue<Result> results)
    {
        using var over = new CancellationTokenSource(Patience, TimeProvider.System);
        var status = 0;
        try
        {
            using var response = await _client.GetAsync(path, HttpCompletionOption.ResponseContentRead, over.Token);
            status = (int)response.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            status = e is HttpRequestException ? -1 : 0;
        }

        results.Enqueue(new Result(path[1..], status, TimeProvider.System.GetElapsedTime(due)));
    }

    /// <summary>What became of a request.</summary>
    /// <param name="Importance">Its route.</param>
    /// <param name="Status">Of the answer; 0 where none came in time, -1 where the connection broke.</param>
    /// <param name="Took">From when it was due.</param>
    internal readonly record struct Result(string Importance, int Status, TimeSpan Took);
}
