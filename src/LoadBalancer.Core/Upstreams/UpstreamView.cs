using System.Collections.Immutable;
using LoadBalancer.Balancing;

namespace LoadBalancer.Upstreams;

/// <summary>
/// An upstream at one moment: its members, those that may be picked, and the balancer built from them. It is published
/// as one value, so that a reader who takes it once never sees the members of one moment and the table of another.
/// </summary>
/// <param name="All">Every member, in the order of the file; behind them those that were discovered.</param>
/// <param name="Available">
/// Those that a pick may return, backups included, with the weights that picks use now: in tenths while one of them starts slowly. Empty where there is none.
/// </param>
/// <param name="Balancer">The table over <paramref name="Available"/>.</param>
/// <param name="Panic">Why members are available that probes call unhealthy; null while none is.</param>
public sealed record UpstreamView(ImmutableArray<Member> All, ImmutableArray<Member> Available, Balancer Balancer, string? Panic);
