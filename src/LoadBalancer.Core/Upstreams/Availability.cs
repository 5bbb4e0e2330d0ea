using System.Collections.Immutable;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;

namespace LoadBalancer.Upstreams;

/// <summary>Which members may be picked.</summary>
/// <remarks>
/// Two rules for the case that nobody is left. Ejections never empty an upstream: where they would, they are ignored,
/// because watched traffic is a guess from the past, and the next connection is a better one. Probes may: with every
/// endpoint unhealthy nobody is available, and connections end with no_endpoint. Panic mode, which uses all of them below
/// a share of healthy ones, is not in this version.
/// </remarks>
internal static class Availability
{
    /// <summary>The members of <paramref name="all"/> that may be picked now, in the same order.</summary>
    public static ImmutableArray<Member> Of(ImmutableArray<Member> all, HealthOptions options)
    {
        ImmutableArray<Member> usable = [.. all.Where(member => IsUsable(member, options))];
        ImmutableArray<Member> kept = [.. usable.Where(member => options.Passive is null || !member.Endpoint.Health.IsEjected)];
        return kept.IsEmpty ? usable : kept;
    }

    /// <summary>What the operator says comes first. A verdict of probes that have since been turned off counts for nothing: nobody would ever lift it.</summary>
    private static bool IsUsable(Member member, HealthOptions options) =>
        member.Weight > 0 && !member.Endpoint.IsDrained && (options.Active is null || member.Endpoint.Health.Active.Verdict != HealthVerdict.Unhealthy);
}
