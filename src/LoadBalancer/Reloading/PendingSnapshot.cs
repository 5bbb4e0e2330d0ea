using System.Collections.Immutable;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Endpoints;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// A configuration that is built and bound beside the one that runs. Either <see cref="Publish"/> or
/// <see cref="DiscardAsync"/> follows, once.
/// </summary>
internal sealed class PendingSnapshot
{
    /// <summary>What was written.</summary>
    public required GatewayOptions Options { get; init; }

    /// <summary>What runs until this is published.</summary>
    public required Snapshot Previous { get; init; }

    /// <summary>Upstreams by name; those that <see cref="Previous"/> has too are running.</summary>
    public required IReadOnlyDictionary<string, Upstream> Upstreams { get; init; }

    /// <summary>Who can establish who calls.</summary>
    public required ProviderSet Providers { get; init; }

    /// <summary>The limits.</summary>
    public required LimitSet Limits { get; init; }

    /// <summary>Where instances count together.</summary>
    public required StoreChange Store { get; init; }

    /// <summary>Where routes keep answers; null where none does. What runs may use it too, as it did.</summary>
    public required CacheStore? Cache { get; init; }

    /// <summary>Listeners in the order of the file.</summary>
    public required IReadOnlyList<PendingListener> Listeners { get; init; }

    /// <summary>Their sockets.</summary>
    public required SocketChange Sockets { get; init; }

    /// <summary>The clock of drains.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Ends drains early.</summary>
    public required CancellationToken Hurry { get; init; }

    /// <summary>Makes it the present. Connections that are open go on as they began.</summary>
    /// <param name="files">The files of the configuration.</param>
    /// <param name="digest">The digest of their content.</param>
    /// <param name="closing">Takes the end of what nobody references any more: sockets closed, upstreams stopped, listeners drained.</param>
    public Snapshot Publish(IReadOnlyList<string> files, string digest, out Task closing)
    {
        foreach (var (name, upstream) in Upstreams)
        {
            if (Previous.Upstreams.GetValueOrDefault(name) != upstream)
            {
                upstream.Start();
            }
        }

        Providers.TakeOver(Previous.Providers);
        var closingStore = Store.CommitAsync();
        Cache?.Resize(Options.Cache.Memory);
        foreach (var (listener, handler, sockets, maxConnections) in Listeners)
        {
            listener.Publish(handler, sockets, maxConnections);
        }

        if (Cache is null)
        {
            // Whoever is on his way with the configuration before may hold it still, and what is in it is worth nothing any more.
            Previous.Cache?.Resize(0);
        }

        var snapshot = new Snapshot
        {
            Version = Previous.Version + 1,
            Options = Options,
            Files = files,
            Digest = digest,
            Since = Time.GetUtcNow(),
            Upstreams = Upstreams,
            Providers = Providers,
            Limits = Limits,
            Store = Store.Store,
            Cache = Cache,
            Listeners = Listeners.ToDictionary(pending => pending.Listener.Name, pending => pending.Listener),
        };
        closing = Task.WhenAll(closingStore, CloseUnusedAsync(snapshot, Sockets.Commit()));
        return snapshot;
    }

    /// <summary>Undoes it.</summary>
    public Task DiscardAsync() => Task.WhenAll(Sockets.DiscardAsync(), Store.DiscardAsync());

    private async Task CloseUnusedAsync(Snapshot next, List<ListeningSocket> unbound)
    {
        // Before anything is waited for: the next configuration may have them again.
        var withdrawal = new Withdrawal(GoneEndpoints(next));
        await Task.WhenAll(unbound.Select(socket => socket.CloseAsync()));
        foreach (var (name, upstream) in Previous.Upstreams)
        {
            if (!next.Upstreams.ContainsKey(name))
            {
                await upstream.DisposeAsync();
            }
        }

        // What has no successor, the connections of a listener and the streams to an endpoint, has the time that a shutdown would give it.
        var patience = next.Options.Shutdown.Drain;
        var gone = Previous.Listeners.Where(entry => !next.Listeners.ContainsKey(entry.Key)).Select(entry => entry.Value);
        await Task.WhenAll(
        [
            .. gone.Select(listener => Drain.RunAsync(listener.Connections, patience, Time, Hurry)),
            Drain.WithdrawAsync([.. next.Listeners.Values.Select(listener => listener.Connections)], withdrawal, patience, Time, Hurry),
        ]);
    }

    // What a discovery does not find any more was not taken away by anybody: a record that flips must close nothing.
    private ImmutableArray<Endpoint> GoneEndpoints(Snapshot next) =>
    [
        .. Previous.Upstreams.SelectMany(entry =>
        {
            var after = next.Upstreams.GetValueOrDefault(entry.Key);
            var present = after?.View.All.Select(member => member.Endpoint.Id).ToHashSet() ?? [];
            var written = entry.Value.Options.Endpoints.Items.Select(options => options.Address).ToHashSet();
            return entry.Value == after
                ? []
                : entry.Value.View.All.Select(member => member.Endpoint)
                    .Where(endpoint => !present.Contains(endpoint.Id) && (after?.Options.Discover is null || written.Contains(endpoint.Address)));
        }),
    ];
}
