using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.Routing;

/// <summary>A match and where it leads, as it runs. Immutable.</summary>
internal sealed class Route
{
    private static long _lastNumber;

    /// <summary>Another one for each route of the process, in the order in which they are made.</summary>
    public long Number { get; } = Interlocked.Increment(ref _lastNumber);

    /// <summary>Its name in metrics, logs and explain: the file's, else host and path as written.</summary>
    public required string Name { get; init; }

    /// <summary>The path as the file writes it, for logs; never a path that a client sent.</summary>
    public required string Template { get; init; }

    /// <summary>What the file says.</summary>
    public required RouteOptions Options { get; init; }

    /// <summary>Its further conditions, made when they are first asked for: a route that stays in the next configuration's table keeps them.</summary>
    public RequestPredicate Predicate => field ??= RequestPredicate.Of(Options);

    /// <summary>Its policies in their order.</summary>
    public required PolicyChain Policies { get; init; }

    /// <summary>Who answers what the policies let pass.</summary>
    public required HttpHandler Handler { get; init; }

    /// <summary>True for one that lb adds to those of the file.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Where its requests are counted; null counts them as those that no route took.</summary>
    public RouteMetrics? Metrics { get; init; }

    /// <summary>Whose answers those are that it keeps; null where it keeps none.</summary>
    public CacheScope? CacheScope { get; init; }

    /// <summary>Who answers in place of an error, by its status; empty for nobody.</summary>
    public IReadOnlyList<(int Status, HttpHandler Handler)> StandIns { get; init; } = [];

    /// <summary>Who answers in place of an error of <paramref name="status"/>; null for nobody.</summary>
    public HttpHandler? StandIn(int status)
    {
        for (var at = 0; at < StandIns.Count; at++)
        {
            if (StandIns[at].Status == status)
            {
                return StandIns[at].Handler;
            }
        }

        return null;
    }

    /// <summary>How important its requests are in overload.</summary>
    public Importance Importance => Options.Policies.Shed;

    /// <summary>The whole exchange, from the first byte of its head; null for no bound.</summary>
    public TimeSpan? Timeout => Options.Timeout;
}
