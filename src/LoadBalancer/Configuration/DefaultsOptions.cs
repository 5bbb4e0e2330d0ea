using LoadBalancer.Configuration;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What a listener and its routes start from: the file's <c>defaults</c>. The listeners of a loaded file have it merged in already.</summary>
public sealed record DefaultsOptions : IConfigurable<DefaultsOptions>
{
    /// <inheritdoc/>
    public static Shape<DefaultsOptions> Shape { get; } = new Shape<DefaultsOptions>(
        "defaults",
        "What every listener and every route starts from. A route's own key wins over its listener's `http.defaults`, that over the key here, and this over the " +
        "built-in default; maps merge key by key, lists replace.",
        "{timeouts: {idle: 1h}, response_headers: {remove: [Server]}}", () => new())
    {
        {
            "timeouts", Kinds.Record<DefaultTimeouts>(), o => o.Timeouts, (o, value) => o with { Timeouts = value },
            "Time bounds of connections and requests."
        },
        {
            "limits", Kinds.Record<HttpLimits>(), o => o.Limits, (o, value) => o with { Limits = value },
            "How large and how slow a request may be."
        },
    }.Including(RoutePolicyOptions.Shape, o => o.Policies, (o, value) => o with { Policies = value });

    /// <summary>Time bounds of connections and requests.</summary>
    internal DefaultTimeouts Timeouts { get; init; } = new();

    /// <summary>How large and how slow a request may be.</summary>
    internal HttpLimits Limits { get; init; } = new();

    /// <summary>The policies of routes.</summary>
    internal RoutePolicyOptions Policies { get; init; } = new();
}
