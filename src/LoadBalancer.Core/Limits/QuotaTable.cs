using System.Collections.Concurrent;
using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>What callers have used of every quota of this process: what is kept where the process ends. Thread-safe.</summary>
internal sealed class QuotaTable
{
    private readonly ConcurrentDictionary<(string Limit, string Plan, QuotaPeriod Kind), QuotaCounts> _counts = [];

    /// <summary>All of them.</summary>
    public IEnumerable<QuotaCounts> All => _counts.Values;

    /// <summary>The counts of a limit, which is a quota; the same for the same name, plan and kind of period.</summary>
    public QuotaCounts Of(LimitSpec spec) => Of(spec.Name, spec.Plan, spec.Rule.Quota!.Value.Period);

    /// <summary>As above.</summary>
    public QuotaCounts Of(string limit, string plan, QuotaPeriod kind) =>
        _counts.GetOrAdd((limit, plan, kind), static key => new QuotaCounts(key.Limit, key.Plan, key.Kind));
}
