using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Listening;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Daemon.State;
using LoadBalancer.Http.Server;
using LoadBalancer.Tcp;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Status;

/// <summary>Reads the live objects for /status and /metrics. Thread-safe. A reading is not one instant, but each number in it was true.</summary>
internal sealed class StatusReader(Reloader reloader, Readiness readiness, LoopGroup loops, HttpEngine engine, EndpointNotes drained, EndpointNotes weights, TimeProvider time)
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    /// <summary>Everything as of now.</summary>
    public GatewayStatus Read()
    {
        var snapshot = reloader.Snapshot;
        var reasons = readiness.Reasons;
        var (drains, weighed) = (drained.All, weights.All);
        var notes = drains.Concat(weighed).ToLookup(each => (each.Upstream, each.Endpoint));
        return new GatewayStatus
        {
            Version = ProgramVersion.Number,
            Commit = ProgramVersion.Commit,
            ProcessId = Environment.ProcessId,
            StartedAt = _startedAt,
            Ready = reasons.Count == 0,
            NotReadyBecause = reasons,
            Config = Config(snapshot, reloader.Outcome) with { GuardedUntil = reloader.Guard.Until },
            Loops = [.. loops.Loops.ToArray().Select(loop => LoopStatus.Of(loop, loops, engine.On(loop).Replays))],
            Listeners = [.. snapshot.Listeners.Values.Select(listener => ListenerOf(listener, time.GetUtcNow()))],
            Auth = [.. snapshot.Providers.Metrics.All],
            Limits = [.. LimitStatus.Of(snapshot.Limits)],
            LimitCounts = [.. snapshot.Limits.Metrics.All],
            Paces = [.. snapshot.Limits.Metrics.Paces],
            Upstreams = [.. snapshot.Upstreams.Values.Select(UpstreamStatus.Of).Select(upstream => WithNotes(upstream, notes))],
            AuthKeys = [.. snapshot.Providers.Providers.Select(AuthKeysStatus.Of).OfType<AuthKeysStatus>()],
            AuthFiles = [.. snapshot.Providers.Providers.Select(AuthFileStatus.Of).OfType<AuthFileStatus>()],
            Cache = CacheStatus.Of(snapshot.Cache),
            Redis = [.. (snapshot.Store?.Client.Nodes ?? []).OrderBy(node => node.Name, StringComparer.Ordinal).Select(RedisStatus.Of)],
            Drained = drains,
            Weighed = weighed,
        };
    }

    private static UpstreamStatus WithNotes(UpstreamStatus upstream, ILookup<(string, string), EndpointNote> notes) => notes.Count == 0
        ? upstream
        : upstream with { Endpoints = [.. upstream.Endpoints.Select(endpoint => notes[(upstream.Name, endpoint.Address)].Aggregate(endpoint, WithNote))] };

    private static EndpointStatus WithNote(EndpointStatus endpoint, EndpointNote note) => note.Weight is null
        ? endpoint with { Drained = new OperatorStatus(note.Since, note.By, endpoint.DrainedUntil) }
        : endpoint with { Weighed = new OperatorStatus(note.Since, note.By) };

    private static ConfigStatus Config(Snapshot snapshot, ReloadOutcome outcome) => new()
    {
        Version = snapshot.Digest,
        Source = snapshot.Origin,
        TakenBack = GuardStatus.Of(snapshot.Because),
        Files = snapshot.Files,
        LoadedAt = snapshot.Since,
        Reloads = outcome.Applied,
        RefusedReloads = outcome.Refused,
        Rollbacks = outcome.Rollbacks,
        GuardReturns = outcome.GuardReturns,
        LastRefusal = outcome.RefusedAt is { } at ? new RefusalStatus(at, outcome.Errors) : null,
    };

    private ListenerStatus ListenerOf(Listener listener, DateTimeOffset now) => new()
    {
        Name = listener.Name,
        Addresses = [.. listener.Addresses.Select(AddressText.Print)],
        Upstream = (listener.Handler as TcpProxy)?.Routes.Only?.Name ?? (listener.Handler as HttpProxy)?.Options.Upstream,
        MaxConnections = Math.Min(listener.Connections.Limit, DescriptorLimit.MostClients(loops.Loops.Length)),
        Requests = RequestStatus.Of(listener.Handler as HttpProxy),
        Tls = TlsStatus.Of(listener.Handler?.Tls, now),
        Metrics = listener.Metrics,
    };
}
