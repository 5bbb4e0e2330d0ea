using System.Collections.Immutable;
using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;

namespace LoadBalancer.Upstreams;

/// <summary>Which members may be picked.</summary>
/// <remarks>
/// What an operator says, and weight 0, always count: such a member is not looked at here. For the others there are two
/// rules for the case that too few are left.
/// <para>
/// Ejections never empty an upstream: where they would, they are ignored, because watched traffic is a guess from the
/// past, and the next connection is a better one.
/// </para>
/// <para>
/// Probes may be wrong about all at once: their network fails, or their page does. So below a share of healthy
/// members there is <em>panic</em>: every one of them is used, whatever probes and watched traffic say (<c>health.panic</c>).
/// It is looked at in the rank in use: primaries while one of them is healthy, and else backups, which are there for that
/// case. Only where neither rank has a healthy member, both panic. Ejections do not lead to it, they have a bound of their own.
/// </para>
/// </remarks>
/// <param name="Members">Those that may be picked, in the order of the file.</param>
/// <param name="Panic">Why all are used; null while there is no panic.</param>
internal readonly record struct Availability(ImmutableArray<Member> Members, string? Panic)
{
    private const double Rounding = 1e-9;

    /// <summary>The members of <paramref name="all"/> that may be picked now.</summary>
    public static Availability Of(ImmutableArray<Member> all, HealthOptions options)
    {
        ImmutableArray<Member> open = [.. all.Where(IsOpen)];
        ImmutableArray<Member> healthy = [.. open.Where(member => IsHealthy(member, options))];
        ImmutableArray<Member> kept = [.. healthy.Where(member => !IsEjected(member, options))];
        if (healthy.Length == open.Length || options.Panic <= 0)
        {
            return new Availability(kept.IsEmpty ? healthy : kept, null);
        }

        if (healthy.IsEmpty)
        {
            return new Availability(open, $"none of {open.Length} endpoints is healthy: all are used");
        }

        var backups = healthy.All(member => member.Backup);
        var (fit, of) = (healthy.Count(member => member.Backup == backups), open.Count(member => member.Backup == backups));
        return (double)fit / of < options.Panic - Rounding
            ? new Availability(
                [.. open.Where(member => member.Backup == backups || kept.Contains(member))],
                $"{fit} of {of} {(backups ? "backups" : "endpoints")} {(fit == 1 ? "is" : "are")} healthy, less than {options.Panic:0.##%}: all are used")
            : new Availability(kept.IsEmpty ? healthy : kept, null);
    }

    /// <summary>True where nothing speaks against picking <paramref name="member"/>, whoever else there is.</summary>
    public static bool IsFit(Member member, HealthOptions options) => IsOpen(member) && IsHealthy(member, options) && !IsEjected(member, options);

    /// <summary>True where neither its weight nor an operator keeps traffic from <paramref name="member"/>.</summary>
    public static bool IsOpen(Member member) => member.Weight > 0 && !member.Endpoint.IsDrained;

    /// <summary>A verdict of probes that have since been turned off counts for nothing: nobody would ever lift it.</summary>
    private static bool IsHealthy(Member member, HealthOptions options) =>
        options.Active is null || member.Endpoint.Health.Active.Verdict != HealthVerdict.Unhealthy;

    private static bool IsEjected(Member member, HealthOptions options) => options.Passive is not null && member.Endpoint.Health.IsEjected;
}
