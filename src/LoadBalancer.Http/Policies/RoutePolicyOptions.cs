using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Policies.Authentication;
using LoadBalancer.Http.Policies.Authorization;
using LoadBalancer.Http.Policies.Cors;
using LoadBalancer.Http.Policies.Headers;
using LoadBalancer.Http.Policies.Rewrite;
using LoadBalancer.Http.Resilience;
using LoadBalancer.Http.Responses;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.Policies;

/// <summary>
/// What a route, or <c>defaults</c>, says of the policies: keys that stand beside the route's own. A route is read over its listener's
/// defaults, and those over the file's.
/// </summary>
internal sealed record RoutePolicyOptions : IConfigurable<RoutePolicyOptions>
{
    /// <inheritdoc/>
    public static Shape<RoutePolicyOptions> Shape { get; } = new(
        "route_policies", "The policies of routes.", "{timeout: 5s, response_headers: {remove: [Server]}}", () => new())
    {
        {
            "timeout", Kinds.Duration("1ms", "1d").OrNothing("none"), o => o.Timeout, (o, value) => o with { Timeout = value },
            "The whole exchange, from the first byte of the request's head; then 504, or the end of a response that has begun. It ends where a WebSocket or an event stream begins."
        },
        {
            "retry", Kinds.Record<RetryOptions>().OrNull("off"), o => o.Retry, (o, value) => o with { Retry = value },
            "When a request is sent again; `off` for never."
        },
        {
            "shed", Kinds.Word("never", "high", "normal", "low"), o => Text(o.Shed), (o, value) => o with { Shed = ImportanceOf(value) },
            "How important its requests are where more come than the upstream's `concurrency` takes: the important wait less, and `low` is refused first, with 503. `never` is not refused for overload; " +
            "it too waits no longer than `pending_timeout`, and no more than `max_pending` do."
        },
        {
            "allow_ips", Kinds.List(Kinds.Network).Or("none", []), o => o.AllowIps, (o, value) => o with { AllowIps = value },
            "The networks and addresses whose clients may call; `none` for no list: then all may. Others get 403. The client is who a trusted proxy says it is."
        },
        {
            "deny_ips", Kinds.List(Kinds.Network).Or("none", []), o => o.DenyIps, (o, value) => o with { DenyIps = value },
            "The networks and addresses whose clients may not call, even where `allow_ips` has them."
        },
        {
            "auth", Kinds.Record<AuthOptions>().OrNull("none"), o => o.Auth, (o, value) => o with { Auth = value },
            "Who has to be known: names of entries of `auth`; a list means any of them. Without a credential that is good the answer is 401."
        },
        {
            "require", Kinds.Record<RequireOptions>().OrNull("none"), o => o.Require, (o, value) => o with { Require = value },
            "What the caller has to be, whom `auth` has found out."
        },
        {
            "cors", Kinds.Record<CorsOptions>().OrNull("none"), o => o.Cors, (o, value) => o with { Cors = value },
            "Which pages of other origins may use the route in browsers. Without it nothing is said of that, and what endpoints say is passed on."
        },
        {
            "rate_limit", Kinds.List(Kinds.Name("the name of an entry of 'rate_limits'")).Or("none", []), o => o.RateLimit, (o, value) => o with { RateLimit = value },
            "The limits that its requests count for: names of entries of `rate_limits`. All have to allow a request, and where one refuses it, none is charged."
        },
        {
            "cost", Kinds.Integer(1, 1_000_000), o => o.Cost, (o, value) => o with { Cost = value },
            "How many a request of the route counts for, in every limit and quota."
        },
        {
            "shadow", Kinds.List(Kinds.Word("allow_ips", "cors", "auth", "require", "rate_limit")).Or("none", []), o => o.Shadow, (o, value) => o with { Shadow = value },
            "Policies of the route that are only watched: what they would refuse is counted, logged and let pass. `allow_ips` is for `deny_ips` too."
        },
        {
            "cache", Kinds.Record<CacheOptions>().OrNull("off"), o => o.Cache, (o, value) => o with { Cache = value },
            "Which answers are kept in memory and given again; `off` for none."
        },
        {
            "rewrite", Kinds.Record<RewriteOptions>().OrNull("none"), o => o.Rewrite, (o, value) => o with { Rewrite = value },
            "What is changed in path and query before the request is sent on."
        },
        {
            "request_headers", Kinds.Record<HeaderChangesOptions>().OrNull("none"), o => o.RequestHeaders, (o, value) => o with { RequestHeaders = value },
            "What is changed in the request's header fields before it is sent on."
        },
        {
            "response_headers", Kinds.Record<HeaderChangesOptions>().OrNull("none"), o => o.ResponseHeaders, (o, value) => o with { ResponseHeaders = value },
            "What is changed in the response's header fields, be it of an endpoint or lb's own."
        },
        {
            "on_error", Kinds.ByErrorStatus(Kinds.Record<OnErrorOptions>()).Or("none", ValueMap<OnErrorOptions>.Empty), o => o.OnError, (o, value) => o with { OnError = value },
            "What a client gets in place of an error of lb's own, by its status. An error that an endpoint answered with is passed on as it came."
        },
    };

    /// <summary>The whole exchange; null for no bound.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>When a request is sent again; null for never.</summary>
    public RetryOptions? Retry { get; init; } = new();

    /// <summary>How important its requests are in overload.</summary>
    public Importance Shed { get; init; } = Importance.Normal;

    /// <summary>From where it may be called. Empty: from everywhere.</summary>
    public ValueList<IPNetwork> AllowIps { get; init; }

    /// <summary>From where it may not be called.</summary>
    public ValueList<IPNetwork> DenyIps { get; init; }

    /// <summary>Who has to be known; null where nobody has to.</summary>
    public AuthOptions? Auth { get; init; }

    /// <summary>What the caller has to be; null for nothing.</summary>
    public RequireOptions? Require { get; init; }

    /// <summary>Which pages of other origins may use it; null where nothing is said of that.</summary>
    public CorsOptions? Cors { get; init; }

    /// <summary>The names of its limits.</summary>
    public ValueList<string> RateLimit { get; init; }

    /// <summary>How many a request counts for.</summary>
    public int Cost { get; init; } = 1;

    /// <summary>The policies that are only watched, by their words.</summary>
    public ValueList<string> Shadow { get; init; }

    /// <summary>Which answers are kept; null for none.</summary>
    public CacheOptions? Cache { get; init; }

    /// <summary>What is changed in path and query; null for nothing.</summary>
    public RewriteOptions? Rewrite { get; init; }

    /// <summary>What is changed in the request's fields; null for nothing.</summary>
    public HeaderChangesOptions? RequestHeaders { get; init; }

    /// <summary>What is changed in the response's fields; null for nothing.</summary>
    public HeaderChangesOptions? ResponseHeaders { get; init; }

    /// <summary>What stands in for errors of lb's own, by status.</summary>
    public ValueMap<OnErrorOptions> OnError { get; init; } = ValueMap<OnErrorOptions>.Empty;

    /// <summary>True where the route itself answers the preflights of browsers.</summary>
    public bool AnswersPreflights => Cors is not null && !Shadow.Contains("cors");

    private static string Text(Importance importance) => importance switch
    {
        Importance.Never => "never",
        Importance.High => "high",
        Importance.Low => "low",
        _ => "normal",
    };

    private static Importance ImportanceOf(string word) => word switch
    {
        "never" => Importance.Never,
        "high" => Importance.High,
        "low" => Importance.Low,
        _ => Importance.Normal,
    };
}
