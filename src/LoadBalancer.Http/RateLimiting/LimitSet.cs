using System.Collections.Frozen;
using System.Collections.Immutable;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>All limits of a configuration, and what callers have used of them. Immutable wiring, thread-safe.</summary>
internal sealed class LimitSet
{
    // No name of the file's has a colon in it.
    private const string OwnRate = "plan:rate";
    private const string OwnDay = "plan:day";
    private const string OwnMonth = "plan:month";
    private const string OwnConcurrency = "plan:concurrency";
    private const string OwnBandwidth = "plan:bandwidth";

    private static readonly ValueList<LimitKeySource> ByIdentity = [new LimitKeySource(LimitKeySourceType.Identity)];

    private readonly ValueMap<PlanOptions> _planOptions;
    private readonly ValueMap<RateLimitOptions> _limitOptions;
    private readonly LimitStore? _store;
    private readonly StoreFailure _onFailure;
    private readonly Dictionary<LimitSpec, LimitTier> _tiers = [];
    private readonly Dictionary<(string Limit, string Plan, BandwidthOptions Options, ValueList<LimitKeySource> Key), Bandwidth> _bandwidths = [];
    private readonly Dictionary<ValueList<LimitKeySource>, CallerKey> _keys = [];
    private readonly FrozenDictionary<string, RateLimit> _limits;
    private readonly FrozenDictionary<string, Plan> _plans;
    private readonly Plan _default;

    private LimitSet(ValueMap<PlanOptions> plans, ValueMap<RateLimitOptions> limits, LimitStore? store, StoreFailure onFailure, LimitSet? previous, BuildContext? context)
    {
        (_planOptions, _limitOptions, _store, _onFailure) = (plans, limits, store, onFailure);
        Metrics = previous?.Metrics ?? new LimitMetrics(context?.Loops ?? 1);
        Hash = previous?.Hash ?? new KeyedHash(context?.Seeds ?? new Random(0));
        PlanKey = _keys[ByIdentity] = new CallerKey(ByIdentity);
        var names = new[] { Plan.Anonymous, Plan.Default }.Concat(plans.Keys).Distinct(StringComparer.Ordinal).ToList();
        Plans = [.. names.Select((name, at) => PlanOf(name, at, previous, context))];
        (Nobody, _default) = (Plans[0], Plans[1]);
        _plans = Plans.ToFrozenDictionary(plan => plan.Name, StringComparer.Ordinal);
        _limits = limits.ToFrozenDictionary(
            entry => entry.Key, entry => LimitOf(entry.Key, entry.Value, previous, context), StringComparer.Ordinal);
        HasPlanLimits = Plans.Any(plan => plan.HasLimits);
    }

    /// <summary>No limit at all.</summary>
    public static LimitSet Empty { get; } = new(ValueMap<PlanOptions>.Empty, ValueMap<RateLimitOptions>.Empty, null, StoreFailure.Local, null, null);

    /// <summary>The plans, those of nobody known and of callers without one among them.</summary>
    public ImmutableArray<Plan> Plans { get; }

    /// <summary>The plan of callers who are not known.</summary>
    public Plan Nobody { get; }

    /// <summary>Whom plans count.</summary>
    public CallerKey PlanKey { get; }

    /// <summary>True where the file has plans, so that one that it does not have is worth a word.</summary>
    public bool HasPlans => _planOptions.Count > 0;

    /// <summary>True where a plan limits anything itself.</summary>
    public bool HasPlanLimits { get; }

    /// <summary>True where a plan has a bandwidth.</summary>
    public bool HasPlanBandwidths => Plans.Any(plan => plan.Bandwidth is not null);

    /// <summary>What the limits have said, since the process started.</summary>
    public LimitMetrics Metrics { get; }

    /// <summary>Where instances count together; null for nowhere.</summary>
    public LimitStore? Store => _store;

    /// <summary>The numbers of callers in this process.</summary>
    public KeyedHash Hash { get; }

    /// <summary>Every limit for every plan that it tells apart, in the order of the file, those of plans first.</summary>
    public IReadOnlyCollection<LimitTier> Tiers => _tiers.Values;

    /// <summary>Every bandwidth, those of plans first.</summary>
    public IReadOnlyCollection<Bandwidth> Bandwidths => _bandwidths.Values;

    /// <summary>The limits of a file: an equal limit keeps its object, and so its counts; one with another rule goes on with what callers have used.</summary>
    /// <param name="plans">What the file says of plans.</param>
    /// <param name="limits">What it says of limits.</param>
    /// <param name="store">Where instances count together; null for nowhere.</param>
    /// <param name="previous">What runs; null for nothing.</param>
    /// <param name="context">The clock and seeds.</param>
    /// <param name="onFailure">What a limit does without its store that says nothing of that.</param>
    public static LimitSet Build(
        ValueMap<PlanOptions> plans, ValueMap<RateLimitOptions> limits, LimitStore? store, LimitSet? previous, BuildContext context, StoreFailure onFailure = StoreFailure.Local)
    {
        previous ??= Empty;
        return previous._planOptions.Equals(plans) && previous._limitOptions.Equals(limits) && previous._store == store && previous._onFailure == onFailure ? previous
            : new LimitSet(plans, limits, store, onFailure, previous == Empty ? null : previous, context);
    }

    /// <summary>The limit of that name; null where there is none.</summary>
    public RateLimit? Find(string name) => _limits.GetValueOrDefault(name);

    /// <summary>The plan whose limits hold for a caller.</summary>
    /// <param name="identity">Who calls; null for nobody known.</param>
    public Plan Of(Identity? identity) =>
        identity is null ? Nobody
        : identity.Plan is { } name && _plans.TryGetValue(name, out var plan) && plan != Nobody ? plan
        : _default;

    private Plan PlanOf(string name, int index, LimitSet? previous, BuildContext? context)
    {
        var options = _planOptions.GetValueOrDefault(name) ?? new PlanOptions();
        var rules = new List<(string Name, LimitRule Rule)>();
        if (options.Rate is { } rate)
        {
            rules.Add((OwnRate, new LimitRule { Rate = rate, Burst = options.Burst ?? 0 }));
        }

        rules.AddRange(options.Quota.Select(quota => (quota.Period == QuotaPeriod.Day ? OwnDay : OwnMonth, new LimitRule { Quota = quota })));
        return new Plan
        {
            Name = name,
            Index = index,
            Tiers = [.. rules.Select(own => TierOf(new LimitSpec(own.Name, name, own.Rule, ModeOf(null), _onFailure), ByIdentity, name, previous, context))],
            Concurrency = options.Concurrency,
            UnderWay = previous?._plans.GetValueOrDefault(name)?.UnderWay ?? new ClientCounts(),
            Counts = options.Concurrency is null ? null : Metrics.Of(OwnConcurrency, name),
            Bandwidth = BandwidthOf(OwnBandwidth, name, options.Bandwidth, ByIdentity, previous, context),
        };
    }

    private RateLimit LimitOf(string name, RateLimitOptions options, LimitSet? previous, BuildContext? context) =>
        new(name, options, options.Limit is null ? [] : [.. Plans.Select(plan => TierOf(name, options, plan, previous, context))])
        {
            Bandwidth = BandwidthOf(name, "", options.Bandwidth, options.Key, previous, context),
        };

    private Bandwidth? BandwidthOf(string limit, string plan, BandwidthOptions? options, ValueList<LimitKeySource> key, LimitSet? previous, BuildContext? context)
    {
        if (options is null)
        {
            return null;
        }

        var all = (limit, plan, options, key);
        return _bandwidths[all] = previous?._bandwidths.GetValueOrDefault(all) ?? new Bandwidth(limit, plan, options, KeyOf(key), Metrics, context!.Time);
    }

    private CallerKey KeyOf(ValueList<LimitKeySource> key) => _keys.TryGetValue(key, out var known) ? known : _keys[key] = new CallerKey(key);

    private LimitTier TierOf(string name, RateLimitOptions options, Plan plan, LimitSet? previous, BuildContext? context)
    {
        var table = options.Limit!;
        var entry = table.All is not null ? "" : table.EntryOf(plan.Name) ?? throw new InvalidOperationException($"the limit '{name}' says nothing of the plan '{plan.Name}'");
        var spec = new LimitSpec(name, entry, table.All ?? table.ByPlan[entry], ModeOf(options.Mode), options.OnFailure ?? _onFailure);
        return TierOf(spec, options.Key, plan.Name, previous, context);
    }

    private LimitTier TierOf(LimitSpec spec, ValueList<LimitKeySource> key, string plan, LimitSet? previous, BuildContext? context)
    {
        if (!_tiers.TryGetValue(spec, out var tier))
        {
            var kept = previous?._store == _store || spec.Mode == LimitMode.Local ? previous?._tiers.GetValueOrDefault(spec)?.Limit : null;
            tier = _tiers[spec] = new LimitTier(kept ?? Create(spec, context!), KeyOf(key), Metrics.Of(spec.Name, spec.Plan));
        }

        // With another rule, or where another entry of the map is now that of his plan, a caller begins with what he has used so far: a reload gives nobody anything back.
        switch (tier.Limit, previous?.LimitBefore(spec.Name, plan))
        {
            case (LocalLimit limit, LocalLimit before) when limit != before:
                limit.Adopt(before);
                break;
            case (QuotaLimit limit, QuotaLimit before) when limit != before:
                limit.Adopt(before);
                break;
        }

        return tier;
    }

    /// <summary>What the limit of that name was for the callers of a plan; null for nothing.</summary>
    private KeyedLimit? LimitBefore(string name, string plan)
    {
        var before = _plans.GetValueOrDefault(plan) ?? _default;
        return _limits.GetValueOrDefault(name) is { CountsRequests: true } limit ? limit.Of(before).Limit
            : before.Tiers.FirstOrDefault(tier => tier.Limit.Spec.Name == name)?.Limit;
    }

    private KeyedLimit Create(LimitSpec spec, BuildContext context)
    {
        KeyedLimit Local() => spec.Rule.Quota is null ? new LocalLimit(spec, context.Time) : new QuotaLimit(spec, context.Quotas.Of(spec), context.Time);
        return spec.Mode == LimitMode.Local || _store is not { } store ? Local() : store.Create(spec, spec.OnFailure == StoreFailure.Local ? Local() : null, context.Time);
    }

    private LimitMode ModeOf(LimitMode? asked) => _store is null ? LimitMode.Local : asked ?? LimitMode.Leased;
}
