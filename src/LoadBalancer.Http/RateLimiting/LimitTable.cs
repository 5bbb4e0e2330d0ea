using LoadBalancer.Configuration;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>How many the callers of a limit may: one rule for all of them, or one for each plan.</summary>
/// <param name="All">The rule for all; null where plans have their own.</param>
/// <param name="ByPlan">The rules by plan, with <see cref="Plan.Default"/> and <see cref="Plan.Anonymous"/>; empty where one is for all.</param>
internal sealed record LimitTable(LimitRule? All, ValueMap<LimitRule> ByPlan)
{
    /// <summary>The kind of the file's <c>limit</c>.</summary>
    public static Kind<LimitTable> Kind { get; } = new LimitTableKind();

    /// <summary>Every rule of it.</summary>
    public IEnumerable<LimitRule> Rules => All is null ? ByPlan.Values : [All];

    /// <summary>A table of one rule.</summary>
    public static LimitTable Of(LimitRule rule) => new(rule, ValueMap<LimitRule>.Empty);

    /// <summary>
    /// The entry that the callers of a plan have: their plan's, else that of <c>default</c>. Who is not known has that of <c>anonymous</c> first, and who has no
    /// plan, or one that the table does not know, has that of <c>anonymous</c> where there is no <c>default</c>: nobody vouches for more. Null where it says nothing of them.
    /// </summary>
    public string? EntryOf(string plan) =>
        ByPlan.ContainsKey(plan) ? plan
        : ByPlan.ContainsKey(Plan.Default) ? Plan.Default
        : plan == Plan.Default && ByPlan.ContainsKey(Plan.Anonymous) ? Plan.Anonymous
        : null;
}
