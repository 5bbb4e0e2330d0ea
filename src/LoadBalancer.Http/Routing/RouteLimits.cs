using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Routing;

/// <summary>What a route allows otherwise than its listener: the file's <c>limits</c> of a route.</summary>
internal sealed record RouteLimits : IConfigurable<RouteLimits>
{
    /// <inheritdoc/>
    public static Shape<RouteLimits> Shape { get; } = new("route_limits", "What a route allows otherwise than its listener.", "{body: 1GB}", () => new())
    {
        {
            "body", Kinds.Size("0B", "100TiB").Or("none", long.MaxValue).OrNothing("listener"), o => o.Body, (o, value) => o with { Body = value },
            "The request's body; more is 413. `none` for no bound, `listener` for the listener's."
        },
    };

    /// <summary>The request's body in bytes; <see cref="long.MaxValue"/> for no bound, null for the listener's.</summary>
    public long? Body { get; init; }
}
