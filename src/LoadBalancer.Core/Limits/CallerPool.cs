namespace LoadBalancer.Limits;

/// <summary>
/// The counts that callers share for whom a <see cref="CallerTable"/> has no place: each is in one of <see cref="Cells"/>, by its number. None gets more than the
/// limit allows, and some get less. Thread-safe, and of a fixed size: 16 KiB for a bucket and half a megabyte for a window.
/// </summary>
internal sealed class CallerPool
{
    /// <summary>How many counts there are, a power of two.</summary>
    public const int Cells = 1 << 10;

    // Other bits than those that say where in a table a caller is.
    private const int CellShift = 44;
    private const long Memory = 2L << 20;

    private readonly Limiter _limiter;
    private readonly CallerEntry[] _cells = new CallerEntry[Cells];

    /// <summary>Counts of which nothing is used.</summary>
    /// <param name="rule">The rule, which is a rate. A window is counted by slices, whatever its number: those need no room to grow.</param>
    /// <param name="time">The clock.</param>
    public CallerPool(LimitRule rule, TimeProvider time)
    {
        var rate = rule.Rate!.Value;
        _limiter = rule.Burst > 0 ? new TokenBucket(rate, rule.Burst, time)
            : new SlicedWindow(rate, time, new CallerBlocks(new LimitMemoryShare(new LimitMemory(Memory))));
        for (var cell = 0; cell < Cells; cell++)
        {
            if (!_limiter.TryBegin(0, out _cells[cell].State))
            {
                throw new InvalidOperationException("shared counts have no memory");
            }

            _cells[cell].Number = NumberOf(cell);
        }
    }

    /// <summary>Charges the count that a caller shares, or refuses and charges nothing.</summary>
    public LimitAnswer Take(ulong number, int cost)
    {
        var cell = CellOf(number);
        LimitAnswer answer;
        while (!_limiter.TryTake(ref _cells[cell], NumberOf(cell), cost, out answer))
        {
            // A cell never moves: it is read again at once.
        }

        return answer;
    }

    /// <summary>What would be said now.</summary>
    public LimitAnswer Peek(ulong number, int cost)
    {
        var cell = CellOf(number);
        LimitAnswer answer;
        while (!_limiter.TryPeek(ref _cells[cell], NumberOf(cell), cost, out answer))
        {
            // As above.
        }

        return answer;
    }

    private static int CellOf(ulong number) => (int)(number >> CellShift) & (Cells - 1);

    private static ulong NumberOf(int cell) => (ulong)cell + 1;
}
