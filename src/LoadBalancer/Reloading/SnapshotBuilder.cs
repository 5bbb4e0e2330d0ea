using System.Collections.Immutable;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Tcp;
using LoadBalancer.Telemetry;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// Turns options into running objects beside those that run: equal options keep the same object, changed ones get a new
/// one that adopts what lives on. Nothing that runs is touched before <see cref="Build.Publish"/>. One build at a time.
/// </summary>
/// <param name="loops">Where connections live.</param>
/// <param name="sockets">The listening sockets.</param>
/// <param name="context">What upstreams are given.</param>
/// <param name="connectionLog">Where connections leave a line.</param>
/// <param name="log">Takes warnings.</param>
/// <param name="hurry">Ends the patience with the connections of listeners that are gone.</param>
internal sealed class SnapshotBuilder(
    LoopGroup loops, SocketTable sockets, BuildContext context, ConnectionLog connectionLog, LogSink log, CancellationToken hurry)
{
    /// <summary>Descriptors that the process needs besides two for each connection: epolls, sockets, logs, probes, the runtime's own.</summary>
    private const int DescriptorsOfOurOwn = 128;

    // For the whole life of the process, so that a listener that comes back finds its counters where it left them.
    private readonly Dictionary<string, ListenerMetrics> _metrics = [];

    /// <summary>Builds what <paramref name="options"/> say, and binds what is new.</summary>
    /// <exception cref="IOException">An address cannot be bound; everything is as it was before.</exception>
    public async Task<Build> BuildAsync(GatewayOptions options, Snapshot previous)
    {
        var change = sockets.Begin();
        try
        {
            return new Build(this, options, previous, change);
        }
        catch
        {
            await change.DiscardAsync();
            throw;
        }
    }

    private int LimitOf(string name, ListenerOptions options)
    {
        var possible = Math.Max(1, (DescriptorLimit.Limit - DescriptorsOfOurOwn) / 2);
        if (options.MaxConnections <= possible)
        {
            return options.MaxConnections;
        }

        log.Warn(
            "max_connections is lowered to what the limit of open files allows; raise LimitNOFILE",
            ("listener", name), ("max_connections", options.MaxConnections), ("lowered_to", possible));
        return possible;
    }

    private Listener NewListener(string name)
    {
        if (!_metrics.TryGetValue(name, out var metrics))
        {
            metrics = _metrics[name] = new ListenerMetrics(name, loops.Loops.Length);
        }

        return new Listener(name, loops, metrics, log);
    }

    /// <summary>A configuration that is ready to take effect: either <see cref="Publish"/> or <see cref="DiscardAsync"/> follows, once.</summary>
    internal sealed class Build
    {
        private readonly SnapshotBuilder _builder;
        private readonly Snapshot _previous;
        private readonly SocketTable.Change _change;
        private readonly Dictionary<string, Upstream> _upstreams;
        private readonly List<(Listener Listener, TcpProxy Proxy, ImmutableArray<ListeningSocket> Sockets, int Limit)> _listeners = [];

        /// <exception cref="IOException">An address cannot be bound.</exception>
        public Build(SnapshotBuilder builder, GatewayOptions options, Snapshot previous, SocketTable.Change change)
        {
            _builder = builder;
            _previous = previous;
            _change = change;
            Options = options;
            _upstreams = options.Upstreams.ToDictionary(entry => entry.Key, entry => UpstreamOf(entry.Key, entry.Value));
            foreach (var (name, listener) in options.Listeners)
            {
                Add(name, listener);
            }
        }

        /// <summary>What was written.</summary>
        public GatewayOptions Options { get; }

        /// <summary>Makes it the present. Connections that are open go on as they began.</summary>
        /// <param name="files">The files of the configuration.</param>
        /// <param name="digest">The digest of their content.</param>
        /// <param name="closing">Takes the end of what nobody references any more: sockets closed, upstreams stopped, listeners drained.</param>
        public Snapshot Publish(IReadOnlyList<string> files, string digest, out Task closing)
        {
            foreach (var (name, upstream) in _upstreams)
            {
                if (_previous.Upstreams.GetValueOrDefault(name) != upstream)
                {
                    upstream.Start();
                }
            }

            foreach (var (listener, proxy, sockets, limit) in _listeners)
            {
                listener.Publish(proxy, sockets, limit);
            }

            var snapshot = new Snapshot
            {
                Version = _previous.Version + 1,
                Options = Options,
                Files = files,
                Digest = digest,
                Since = _builder.Time.GetUtcNow(),
                Upstreams = _upstreams,
                Listeners = _listeners.ToDictionary(entry => entry.Listener.Name, entry => entry.Listener),
            };
            closing = CloseUnusedAsync(snapshot, _change.Commit());
            return snapshot;
        }

        /// <summary>Undoes it.</summary>
        public Task DiscardAsync() => _change.DiscardAsync();

        private async Task CloseUnusedAsync(Snapshot next, List<ListeningSocket> unbound)
        {
            await Task.WhenAll(unbound.Select(socket => socket.CloseAsync()));
            foreach (var (name, upstream) in _previous.Upstreams)
            {
                if (!next.Upstreams.ContainsKey(name))
                {
                    await upstream.DisposeAsync();
                }
            }

            // A listener that is gone has no successor for its connections: they have the time that a shutdown would give them.
            var gone = _previous.Listeners.Where(entry => !next.Listeners.ContainsKey(entry.Key)).Select(entry => entry.Value);
            await Task.WhenAll(gone.Select(listener => Drain.RunAsync(listener.Connections, next.Options.Shutdown.Drain, _builder.Time, _builder.Hurry)));
        }

        private Upstream UpstreamOf(string name, UpstreamOptions options) =>
            _previous.Upstreams.TryGetValue(name, out var running) && running.Options == options
                ? running
                : new Upstream(name, options, running, _builder.Context);

        private void Add(string name, ListenerOptions options)
        {
            var listener = _previous.Listeners.GetValueOrDefault(name) ?? _builder.NewListener(name);
            var upstream = _upstreams[options.Tcp.Upstream];
            var proxy = listener.Proxy is { } running && running.Upstream == upstream && running.Timeouts == options.Timeouts
                ? running
                : new TcpProxy
                {
                    Listener = name,
                    Upstream = upstream,
                    Timeouts = options.Timeouts,
                    Connections = listener.Connections,
                    Metrics = listener.Metrics,
                    Log = _builder.ConnectionLog,
                    Time = _builder.Time,
                    OnBug = _builder.Context.OnBug,
                };
            var sockets = options.Bind.Items.Select(address => _change.Open(listener, address)).ToImmutableArray();
            _listeners.Add((listener, proxy, sockets, _builder.LimitOf(name, options)));
        }
    }

    private TimeProvider Time => context.Time;

    private CancellationToken Hurry => hurry;

    private BuildContext Context => context;

    private ConnectionLog ConnectionLog => connectionLog;
}
