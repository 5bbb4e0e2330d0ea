using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>A limit that routes name: the file's <c>rate_limits.NAME</c>.</summary>
internal sealed record RateLimitOptions : IConfigurable<RateLimitOptions>
{
    /// <inheritdoc/>
    public static Shape<RateLimitOptions> Shape { get; } = new(
        "rate_limit", "A limit that routes name in their `rate_limit`. Routes that name the same one are counted together.", "{key: identity, limit: {free: 5/min, default: 30/min, anonymous: 2/min}}", () => new())
    {
        {
            "key", Kinds.List(LimitKeySource.Kind), o => o.Key, (o, value) => o with { Key = value },
            "Whose requests are counted together: of who calls, a client's address (of IPv6 a network of 64 bits), a header's or a claim's value, or all of a route; a list for a combination. " +
            "Where a request has no identity, header or claim, it is counted by its client's address.", Presence.Required
        },
        {
            "limit", LimitTable.Kind.OrNull("off"), o => o.Limit, (o, value) => o with { Limit = value },
            "How many of them: one rule for all, or a map by plan, with `default` for callers of other plans and of none, and `anonymous` for those who are not known."
        },
        {
            "bandwidth", Kinds.Record<BandwidthOptions>().OrNull("off"), o => o.Bandwidth, (o, value) => o with { Bandwidth = value },
            "Bytes a second of their bodies."
        },
        {
            "mode", Kinds.Word("local", "exact", "leased").OrNull("auto"), o => Text(o.Mode), (o, value) => o with { Mode = ModeOf(value) },
            "Where it is counted: `local` in this process, `exact` in `state.redis` with a question for each request, `leased` there as well, some ahead. `auto` is `leased` where there is `state.redis`, else `local`."
        },
        {
            "on_failure", Kinds.Word("local", "allow", "deny").OrNull("default"), o => Text(o.OnFailure), (o, value) => o with { OnFailure = FailureOf(value) },
            "What it does while `state.redis` cannot be asked: this process counts alone, all may, or nobody (503). `default` is what `state.on_failure` says."
        },
    };

    /// <summary>What callers are told apart by.</summary>
    public ValueList<LimitKeySource> Key { get; init; }

    /// <summary>How many; null for any number.</summary>
    public LimitTable? Limit { get; init; }

    /// <summary>How many bytes a second; null for any.</summary>
    public BandwidthOptions? Bandwidth { get; init; }

    /// <summary>Where it is counted; null for where it may be.</summary>
    public LimitMode? Mode { get; init; }

    /// <summary>What it does without its store; null for what all do.</summary>
    public StoreFailure? OnFailure { get; init; }

    /// <summary>True where it cannot tell whom it limits, or by how much, before it is known who calls.</summary>
    public bool NeedsIdentity => Limit is { All: null } || Key.Any(source => source.NeedsIdentity);

    private static string? Text(LimitMode? mode) => mode switch { LimitMode.Local => "local", LimitMode.Exact => "exact", LimitMode.Leased => "leased", _ => null };

    private static LimitMode? ModeOf(string? word) => word switch { "local" => LimitMode.Local, "exact" => LimitMode.Exact, "leased" => LimitMode.Leased, _ => null };

    private static string? Text(StoreFailure? failure) => failure switch { StoreFailure.Local => "local", StoreFailure.Allow => "allow", StoreFailure.Deny => "deny", _ => null };

    private static StoreFailure? FailureOf(string? word) => word switch { "local" => StoreFailure.Local, "allow" => StoreFailure.Allow, "deny" => StoreFailure.Deny, _ => null };
}
