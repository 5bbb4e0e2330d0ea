using System.Collections.Immutable;
using LoadBalancer.Connections.Tracking;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Endpoints;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Server;
using LoadBalancer.Telemetry;
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

    /// <summary>Has the connections to endpoints that no request uses.</summary>
    public required HttpEngine Engine { get; init; }

    /// <summary>The clock of drains.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Ends drains early.</summary>
    public required CancellationToken Hurry { get; init; }

    /// <summary>Told of what was ended at the deadline, and of an end that failed.</summary>
    public required LogSink Log { get; init; }

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
        var retired = new List<Listener>();
        foreach (var (listener, handler, sockets, maxConnections) in Listeners)
        {
            if (listener.Handler is { } before && handler.Retires(before))
            {
                retired.Add(listener);
            }

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
        var unbound = Sockets.Commit();
        List<Closing> closings =
        [
            new("the store of shared limits", closingStore),
            .. unbound.Select(socket => new Closing($"the address {socket.Address}", socket.CloseAsync())),
            .. Previous.Upstreams.Where(entry => !Upstreams.ContainsKey(entry.Key)).Select(entry => new Closing($"the upstream '{entry.Key}'", entry.Value.DisposeAsync().AsTask())),
            .. DrainAll(snapshot, retired),
        ];
        closing = CloseAsync(closings, Log);
        return snapshot;
    }

    /// <summary>Undoes it.</summary>
    public Task DiscardAsync() => Task.WhenAll(Sockets.DiscardAsync(), Store.DiscardAsync());

    // What has no successor has the time that a shutdown would give it: the connections of a listener, the streams to an endpoint, and what a
    // listener that stays would not have as it is.
    private IEnumerable<Closing> DrainAll(Snapshot next, List<Listener> retired)
    {
        var patience = next.Options.Shutdown.Drain;
        var tables = next.Listeners.Values.Select(listener => listener.Connections).ToList();
        foreach (var gone in Previous.Listeners.Values.Where(listener => !next.Listeners.ContainsKey(listener.Name)))
        {
            yield return new Closing($"the listener '{gone.Name}'", Drain.RunAsync(gone.Connections, patience, Time, Hurry));
        }

        foreach (var listener in retired)
        {
            var retirement = new Retirement(() => listener.Handler!);
            yield return new Closing($"what changed of the listener '{listener.Name}'", Drain.RetireAsync(listener.Connections, retirement, patience, Time, Hurry));
        }

        // Before anything is waited for: the next configuration may have them again.
        yield return new Closing("endpoints", Drain.WithdrawAsync(tables, new Withdrawal(GoneEndpoints(next)), Engine, patience, Time, Hurry));
    }

    // Of this object nothing is held, which has two configurations, while a drain lasts. And one end that fails keeps no other from coming.
    private static Task CloseAsync(List<Closing> closings, LogSink log) => Task.WhenAll(closings.Select(closing => closing.EndAsync(log)));

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
