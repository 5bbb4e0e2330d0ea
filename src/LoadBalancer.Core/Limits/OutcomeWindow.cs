namespace LoadBalancer.Limits;

/// <summary>How many attempts there were lately, and how many of them failed.</summary>
/// <remarks>
/// The window is cut into <see cref="Slices"/> slices; what fell into the one under way and as many before it is summed, so it spans up to a
/// tenth more than its length. Each loop has its own cells and is their only writer, as with <see cref="Telemetry.StripedCells"/>: counting takes
/// no lock and no interlocked operation, and allocates nothing. Reading walks all cells, which is for failures only.
/// </remarks>
/// <param name="length">The window.</param>
/// <param name="loops">How many loops count.</param>
/// <param name="time">The clock.</param>
internal sealed class OutcomeWindow(TimeSpan length, int loops, TimeProvider time)
{
    /// <summary>Into how many slices the window is cut.</summary>
    public const int Slices = 10;

    // A slice's number and its count share a cell, as in SlidingWindow: a count stays below a thousand million.
    private const int CountBits = 30;
    private const long CountMask = (1L << CountBits) - 1;
    private const long SliceMask = (1L << (64 - CountBits)) - 1;
    private const int Ring = Slices + 1;
    private const int Padding = 128 / sizeof(long);
    private const int Stride = (2 * Ring) + Padding;

    private readonly long[] _cells = new long[Padding + (loops * Stride)];
    private readonly long _slice = Math.Max(1, (long)(length.TotalSeconds * time.TimestampFrequency) / Slices);

    /// <summary>The window's length.</summary>
    public TimeSpan Length => length;

    /// <summary>Counts an attempt. Only on the thread of <paramref name="loop"/>.</summary>
    public void CountAttempt(int loop, long now) => Count(loop, 0, now);

    /// <summary>Counts a failure of an attempt that is counted by itself. Only on the thread of <paramref name="loop"/>.</summary>
    public void CountFailure(int loop, long now) => Count(loop, Ring, now);

    /// <summary>What is in the window at <paramref name="now"/>. Any thread.</summary>
    public (long Attempts, long Failures) Read(long now)
    {
        var slice = now / _slice;
        var (attempts, failures) = (0L, 0L);
        for (var loop = 0; loop < loops; loop++)
        {
            var start = Padding + (loop * Stride);
            attempts += Sum(_cells.AsSpan(start, Ring), slice);
            failures += Sum(_cells.AsSpan(start + Ring, Ring), slice);
        }

        return (attempts, failures);
    }

    private void Count(int loop, int first, long now)
    {
        var slice = now / _slice;
        ref var cell = ref _cells[Padding + (loop * Stride) + first + (int)(slice % Ring)];
        Volatile.Write(ref cell, Age(cell, slice) == 0 ? cell + 1 : (slice << CountBits) | 1);
    }

    private static long Sum(Span<long> cells, long slice)
    {
        var sum = 0L;
        foreach (ref var cell in cells)
        {
            var seen = Volatile.Read(ref cell);
            sum += Age(seen, slice) <= Slices ? seen & CountMask : 0;
        }

        return sum;
    }

    /// <summary>How many slices ago the cell was counted in. One that another loop has begun since the clock was read counts as long ago.</summary>
    private static long Age(long cell, long slice) => (slice - (cell >>> CountBits)) & SliceMask;
}
