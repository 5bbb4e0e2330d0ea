using System.Collections.Immutable;

namespace LoadBalancer.Balancing;

/// <summary>The balancers by the name that the file gives them. A new one is its class and a line here.</summary>
internal static class BalancerCatalog
{
    private static readonly ImmutableArray<(string Name, Func<Tier, Balancer> Build)> Lines =
    [
        ("round_robin", static tier => new RoundRobin(tier)),
        ("least_connections", static tier => new LeastConnections(tier)),
        ("hash", static tier => new Maglev(tier)),
    ];

    /// <summary>Every name, in the order of the documentation.</summary>
    public static ImmutableArray<string> Names { get; } = [.. Lines.Select(line => line.Name)];

    /// <summary>
    /// The table over <paramref name="available"/>: primaries, behind them backups. Members of weight 0 are left out.
    /// </summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="available">The members that may be picked.</param>
    /// <param name="configured">How many members the upstream has in all.</param>
    /// <param name="cursor">The upstream's rotation, which outlives the table.</param>
    /// <exception cref="ArgumentException">No balancer has that name; the loader has refused it long before.</exception>
    public static Balancer Build(string name, ImmutableArray<Member> available, int configured, PickCursor cursor)
    {
        var build = Lines.FirstOrDefault(line => line.Name == name).Build
            ?? throw new ArgumentException($"No balancer is called '{name}'; there are {string.Join(", ", Names)}.", nameof(name));

        var tables = available
            .Where(member => member.Weight > 0)
            .GroupBy(member => member.Backup)
            .OrderBy(rank => rank.Key)
            .Select(rank => build(new Tier([.. rank], configured, cursor)))
            .ToArray();

        return tables switch
        {
            [] => EmptyBalancer.Instance,
            [var only] => only,
            [var primaries, var backups, ..] => new BackupBalancer(primaries, backups),
        };
    }
}
