using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;

namespace LoadBalancer.Discovery;

/// <summary>A discovery at work for one upstream, from its construction to its disposal.</summary>
internal sealed class DiscoveryWatch : IAsyncDisposable
{
    // Never disposed of: it has neither a timer nor a wait handle, and a second disposal of the watch stays harmless.
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;

    /// <summary>Starts to watch.</summary>
    /// <param name="discovery">What is watched.</param>
    /// <param name="found">Is told of each set, one after the other, on any thread.</param>
    /// <param name="onBug">Is told of an error that ended the watch, which none should.</param>
    public DiscoveryWatch(EndpointDiscovery discovery, Action<ValueList<EndpointOptions>> found, Action<Exception> onBug) =>
        _following = FollowAsync(discovery, found, onBug, _stop.Token);

    /// <summary>Ends the watch and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
    }

    private static async Task FollowAsync(
        EndpointDiscovery discovery, Action<ValueList<EndpointOptions>> found, Action<Exception> onBug, CancellationToken stop)
    {
        try
        {
            await foreach (var endpoints in discovery.WatchAsync(stop))
            {
                found(endpoints);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end that was asked for.
        }
        catch (Exception e)
        {
            onBug(e);
        }
    }
}
