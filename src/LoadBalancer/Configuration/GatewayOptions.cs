using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>A whole lb.yaml as it was written, includes and defaults merged, every name checked.</summary>
public sealed record GatewayOptions : IConfigurable<GatewayOptions>
{
    /// <inheritdoc/>
    public static Shape<GatewayOptions> Shape { get; } = new(
        "gateway", "A whole `lb.yaml`.", """{listeners: {web: {bind: ":80", tcp: web}}, upstreams: {web: {endpoints: ["10.0.0.1:80"]}}}""", () => new())
    {
        {
            "include", Kinds.List(Kinds.FilePattern), o => o.Include, (o, value) => o with { Include = value },
            "Files to read as well: paths, or patterns with `*` and `?` in the file's name, relative to this file. An included file holds only `upstreams`, `rate_limits` and `routes`: " +
            "routes by the name of their listener. A name defined twice is an error; routes are added to the listener's own."
        },
        {
            "defaults", Kinds.Record<DefaultsOptions>(), o => o.Defaults, (o, value) => o with { Defaults = value },
            "What every listener and every route starts from."
        },
        {
            "listeners", o => Kinds.Map("listener", ListenerOptions.Over(o.Defaults)), o => o.Listeners,
            (o, value) => o with { Listeners = value }, "The addresses that accept connections, by name. At least one."
        },
        {
            "upstreams", Kinds.Map<UpstreamOptions>("upstream"), o => o.Upstreams, (o, value) => o with { Upstreams = value },
            "The groups of endpoints that take them, by name."
        },
        {
            "auth", Kinds.Map<ProviderOptions>("provider"), o => o.Auth, (o, value) => o with { Auth = value },
            "The ways to establish who calls, by name; routes ask for them by `auth`."
        },
        {
            "auth_failures", Kinds.Rate.OrNothing("off"), o => o.AuthFailures, (o, value) => o with { AuthFailures = value },
            "How many bad credentials a client's address may send (of IPv6 a network of 64 bits) before it gets 429 for any that is not known yet; `off` for any number. Those that were good once, and are over, do not count."
        },
        {
            "consumers", Kinds.Map<ConsumerOptions>("consumer"), o => o.Consumers, (o, value) => o with { Consumers = value },
            "The callers that the file itself declares, by name."
        },
        {
            "plans", Kinds.Map<PlanOptions>("plan"), o => o.Plans, (o, value) => o with { Plans = value },
            "The tiers of limits, by name. A caller's plan is what its token's claim, its key or its entry in `consumers` says."
        },
        {
            "rate_limits", Kinds.Map<RateLimitOptions>("limit"), o => o.RateLimits, (o, value) => o with { RateLimits = value },
            "The limits that routes name, by name."
        },
        {
            "cache", Kinds.Record<CacheMemoryOptions>(), o => o.Cache, (o, value) => o with { Cache = value },
            "Where routes with `cache` keep answers."
        },
        {
            "admin", Kinds.Record<AdminOptions>(), o => o.Admin, (o, value) => o with { Admin = value },
            "The operator's own listener."
        },
        {
            "log", Kinds.Record<LogOptions>(), o => o.Log, (o, value) => o with { Log = value },
            "What is logged and where."
        },
        {
            "transport", Kinds.Record<TransportOptions>(), o => o.Transport, (o, value) => o with { Transport = value },
            "The engine."
        },
        {
            "reload", Kinds.Record<ReloadOptions>(), o => o.Reload, (o, value) => o with { Reload = value },
            "When the files are read again."
        },
        {
            "state", Kinds.Record<StateOptions>(), o => o.State, (o, value) => o with { State = value },
            "What outlives the process."
        },
        {
            "shutdown", Kinds.Record<ShutdownOptions>(), o => o.Shutdown, (o, value) => o with { Shutdown = value },
            "How the process ends."
        },
    };

    /// <summary>The patterns of further files, as written; what they hold is merged in already.</summary>
    public ValueList<string> Include { get; init; }

    /// <summary>What listeners start from; merged into <see cref="Listeners"/> already.</summary>
    public DefaultsOptions Defaults { get; init; } = new();

    /// <summary>Listeners by name.</summary>
    public ValueMap<ListenerOptions> Listeners { get; init; } = ValueMap<ListenerOptions>.Empty;

    /// <summary>Upstreams by name.</summary>
    public ValueMap<UpstreamOptions> Upstreams { get; init; } = ValueMap<UpstreamOptions>.Empty;

    /// <summary>The ways to establish who calls, by name.</summary>
    internal ValueMap<ProviderOptions> Auth { get; init; } = ValueMap<ProviderOptions>.Empty;

    /// <summary>How many bad credentials an address may send; null for any number.</summary>
    public Rate? AuthFailures { get; init; } = new Rate(60, TimeSpan.FromMinutes(1));

    /// <summary>The callers that the file declares, by name.</summary>
    internal ValueMap<ConsumerOptions> Consumers { get; init; } = ValueMap<ConsumerOptions>.Empty;

    /// <summary>The tiers of limits, by name.</summary>
    internal ValueMap<PlanOptions> Plans { get; init; } = ValueMap<PlanOptions>.Empty;

    /// <summary>The limits that routes name, by name.</summary>
    internal ValueMap<RateLimitOptions> RateLimits { get; init; } = ValueMap<RateLimitOptions>.Empty;

    /// <summary>Where routes keep answers.</summary>
    internal CacheMemoryOptions Cache { get; init; } = new();

    /// <summary>True where a route of one of the listeners keeps answers.</summary>
    internal bool KeepAnswers => Listeners.Values.Any(listener => listener.Http is { } http && http.AllRoutes.Any(route => route.Policies.Cache is not null));

    /// <summary>The operator's listener.</summary>
    public AdminOptions Admin { get; init; } = new();

    /// <summary>What is logged and where.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>The engine.</summary>
    public TransportOptions Transport { get; init; } = new();

    /// <summary>When the file is read again.</summary>
    public ReloadOptions Reload { get; init; } = new();

    /// <summary>What outlives the process.</summary>
    public StateOptions State { get; init; } = new();

    /// <summary>How the process ends.</summary>
    public ShutdownOptions Shutdown { get; init; } = new();

    /// <summary>True where a plan or a limit is a quota.</summary>
    internal bool HasQuotas => Plans.Values.Any(plan => plan.Quota.Count > 0) || RateLimits.Values.Any(limit => limit.Limit?.Rules.Any(rule => rule.Quota is not null) == true);

    /// <summary>The texts that references of the file stand for and that are not to be shown, wherever they were put.</summary>
    internal ValueList<Secret> Secrets { get; init; }

    /// <summary>What takes the file's secrets out of what is shown.</summary>
    internal Redaction Redaction => RedactionWith([]);

    /// <summary>As <see cref="Redaction"/>, and others with them.</summary>
    internal Redaction RedactionWith(IEnumerable<Secret> others) =>
        new(Auth.Values.SelectMany(provider => provider.CredentialHeaders), Auth.Values.SelectMany(provider => provider.CredentialParameters), Secrets.Concat(others));
}
