using System.Collections.Immutable;

namespace LoadBalancer.Balancing;

/// <summary>What a table is built from: the available members, of one rank where a single balancer is built.</summary>
/// <param name="Members">Each with a weight of 1 or more, and at least one, once it is of one rank.</param>
/// <param name="Configured">
/// How many members the upstream has in all, available or not. What must not change when one of them comes or goes, such
/// as a table's size, is chosen by this.
/// </param>
/// <param name="Cursor">The upstream's rotation.</param>
/// <param name="Time">The clock of what is measured.</param>
internal sealed record Tier(ImmutableArray<Member> Members, int Configured, PickCursor Cursor, TimeProvider Time)
{
    /// <summary>How far above the mean a hashed endpoint may be, as a factor of 1 or more; null is any load.</summary>
    public double? MaxLoad { get; init; }
}
