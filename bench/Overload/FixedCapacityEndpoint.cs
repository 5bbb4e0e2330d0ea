using System.Net;

namespace LoadBalancer.Overload;

/// <summary>
/// An endpoint with so many workers, each with one request at a time for 25 to 75 ms, and a queue of any length in front of them, as a pool of
/// threads or of database connections has it. It works on requests whose client has gone all the same.
/// </summary>
internal sealed class FixedCapacityEndpoint : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FixedCapacityEndpoint(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Urls.Single());

    public static async Task<FixedCapacityEndpoint> StartAsync(int workers)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var free = new SemaphoreSlim(workers);
        var random = new Random(1);
        app.Run(async context =>
        {
            await free.WaitAsync(CancellationToken.None);
            double milliseconds;
            lock (random)
            {
                milliseconds = 25 + (50 * random.NextDouble());
            }

            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System, CancellationToken.None);
            free.Release();
            await context.Response.WriteAsync("ok", CancellationToken.None);
        });
        await app.StartAsync();
        return new FixedCapacityEndpoint(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
