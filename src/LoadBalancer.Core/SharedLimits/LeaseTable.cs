namespace LoadBalancer.SharedLimits;

/// <summary>
/// The callers that this process knows of, by number: at most <see cref="MostCells"/>. Look-ups take no lock and wait for nobody; a caller comes in on
/// its way to the store, where a lock costs nothing to speak of.
/// </summary>
/// <remarks>
/// Each caller has <see cref="Ways"/> places in a row that its number leads to. Where all are taken the table grows, and then the one goes that
/// has nothing leased, or else the one that asked longest ago.
/// </remarks>
internal sealed class LeaseTable
{
    /// <summary>The most callers.</summary>
    public const int MostCells = 32 * 1024;

    private const int FirstCells = 128;
    private const int Ways = 8;
    private const int Growth = 4;

    // Rule zero: see GetOrAdd.
    private readonly Lock _gate = new();
    private LeaseCell?[] _cells = new LeaseCell?[FirstCells];
    private int _count;

    /// <summary>How many callers it knows.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>All callers, as they are now.</summary>
    public ReadOnlySpan<LeaseCell?> Cells => Volatile.Read(ref _cells);

    /// <summary>The caller of a number; null where it is not known.</summary>
    public LeaseCell? Find(ulong number)
    {
        foreach (var cell in Row(Volatile.Read(ref _cells), number))
        {
            if (cell is not null && cell.Number == number)
            {
                return cell;
            }
        }

        return null;
    }

    /// <summary>Puts a caller in, or finds that another thread just has.</summary>
    /// <param name="cell">The caller.</param>
    /// <param name="now">The time.</param>
    /// <param name="evicted">Who had to go; null for nobody.</param>
    public LeaseCell GetOrAdd(LeaseCell cell, long now, out LeaseCell? evicted)
    {
        // Rule zero: a lock, held for a look at one row, where a request is about to wait for the network.
        lock (_gate)
        {
            evicted = null;
            if (Find(cell.Number) is { } known)
            {
                return known;
            }

            ref var place = ref Place(cell.Number, now);
            while (place is not null && _cells.Length < MostCells)
            {
                Grow();
                place = ref Place(cell.Number, now);
            }

            evicted = place;
            Volatile.Write(ref place, cell);
            Volatile.Write(ref _count, _count + (evicted is null ? 1 : 0));
            return cell;
        }
    }

    private static Span<LeaseCell?> Row(LeaseCell?[] cells, ulong number) => cells.AsSpan((int)(number & (ulong)(cells.Length - 1)) & ~(Ways - 1), Ways);

    private ref LeaseCell? Place(ulong number, long now)
    {
        var row = Row(_cells, number);
        var best = 0;
        for (var index = 0; index < row.Length; index++)
        {
            if (row[index] is not { } cell)
            {
                return ref row[index];
            }

            if (Rank(cell, now).CompareTo(Rank(row[best]!, now)) < 0)
            {
                best = index;
            }
        }

        return ref row[best];
    }

    private static (bool HasLease, long AskedAt) Rank(LeaseCell cell, long now) => (cell.HeldAt(now) > 0, cell.AskedAt);

    // A row of the old table becomes several of the new one, so all have a place.
    private void Grow()
    {
        var cells = new LeaseCell?[_cells.Length * Growth];
        foreach (var cell in _cells)
        {
            if (cell is not null)
            {
                var row = Row(cells, cell.Number);
                row[row.IndexOf((LeaseCell?)null)] = cell;
            }
        }

        Volatile.Write(ref _cells, cells);
    }
}
