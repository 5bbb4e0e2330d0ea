using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>All limits of a configuration, and what callers have used of them. Immutable wiring, thread-safe.</summary>
internal sealed class LimitSet
{
    private readonly ValueMap<PlanOptions> _plans;
    private readonly ValueMap<RateLimitOptions> _limits;
    private readonly LimitStore? _store;

    private LimitSet(ValueMap<PlanOptions> plans, ValueMap<RateLimitOptions> limits, LimitStore? store) => (_plans, _limits, _store) = (plans, limits, store);

    /// <summary>No limit at all.</summary>
    public static LimitSet Empty { get; } = new(ValueMap<PlanOptions>.Empty, ValueMap<RateLimitOptions>.Empty, null);

    /// <summary>The limits of a file: an equal limit keeps its object, and so its counts.</summary>
    /// <param name="plans">What the file says of plans.</param>
    /// <param name="limits">What it says of limits.</param>
    /// <param name="store">Where instances count together; null for nowhere.</param>
    /// <param name="previous">What runs; null for nothing.</param>
    /// <param name="context">The clock and seeds.</param>
    public static LimitSet Build(ValueMap<PlanOptions> plans, ValueMap<RateLimitOptions> limits, LimitStore? store, LimitSet? previous, BuildContext context)
    {
        previous ??= Empty;
        return previous._plans.Equals(plans) && previous._limits.Equals(limits) && previous._store == store ? previous : new LimitSet(plans, limits, store);
    }
}
