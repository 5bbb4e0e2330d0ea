using System.Collections.Immutable;

namespace LoadBalancer.Balancing;

/// <summary>What a table is built from: the available members of one rank, primaries or backups.</summary>
/// <param name="Members">At least one, each with a weight of 1 or more.</param>
/// <param name="Configured">
/// How many members the upstream has in all, available or not. What must not change when one of them comes or goes, such
/// as a table's size, is chosen by this.
/// </param>
/// <param name="Cursor">The upstream's rotation.</param>
internal sealed record Tier(ImmutableArray<Member> Members, int Configured, PickCursor Cursor);
