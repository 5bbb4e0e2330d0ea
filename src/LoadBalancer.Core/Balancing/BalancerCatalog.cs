using System.Collections.Immutable;

namespace LoadBalancer.Balancing;

/// <summary>The balancers by the name that the file gives them. A new one is its class and a line here.</summary>
internal static class BalancerCatalog
{
    private static readonly ImmutableArray<(string Name, Func<Tier, Balancer> Build)> Lines =
    [
        ("round_robin", static tier => new RoundRobin(tier)),
        ("least_connections", static tier => new LeastConnections(tier)),
        ("random_two", static tier => new RandomTwo(tier)),
        ("peak_ewma", static tier => new PeakEwma(tier)),
        ("hash", static tier => new Maglev(tier)),
    ];

    /// <summary>Every name, in the order of the documentation.</summary>
    public static ImmutableArray<string> Names { get; } = [.. Lines.Select(line => line.Name)];

    /// <summary>
    /// The table over the members of <paramref name="all"/>: primaries, behind them backups. Members of weight 0 are left out.
    /// </summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="all">The members that may be picked, of both ranks.</param>
    /// <exception cref="ArgumentException">No balancer has that name; the loader has refused it long before.</exception>
    public static Balancer Build(string name, Tier all)
    {
        var build = Lines.FirstOrDefault(line => line.Name == name).Build
            ?? throw new ArgumentException($"No balancer is called '{name}'; there are {string.Join(", ", Names)}.", nameof(name));

        var tables = all.Members
            .Where(member => member.Weight > 0)
            .GroupBy(member => member.Backup)
            .OrderBy(rank => rank.Key)
            .Select(rank => build(all with { Members = [.. rank] }))
            .ToArray();

        return tables switch
        {
            [] => EmptyBalancer.Instance,
            [var only] => only,
            [var primaries, var backups, ..] => new BackupBalancer(primaries, backups),
        };
    }
}
