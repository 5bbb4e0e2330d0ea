namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>What ArchitectureTests shows the LINQ rule: a table that is built with it, a pick that must not use it, a stop that is excused.</summary>
internal sealed class LinqSample(int[] numbers)
{
    private readonly int[] _table = Sorted(numbers);

    /// <summary>Runs, and breaks the rule.</summary>
    public int Pick() => _table.First(static number => number % 2 == 0);

    /// <summary>Runs once.</summary>
    // Rule zero: nothing runs any more that could be slowed.
    public int Stop() => _table.Sum();

    /// <summary>Builds: only the constructor uses it.</summary>
    private static int[] Sorted(int[] numbers) => [.. numbers.OrderBy(static number => number).Select(static number => Same(number))];

    /// <summary>Builds too: only a lambda of the above uses it.</summary>
    private static int Same(int number) => Enumerable.Repeat(number, 1).Single();
}
