using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>
/// At most N in any window of a length, wherever it begins: no burst of twice as many at a window's edge.
/// </summary>
/// <remarks>
/// Up to <see cref="Slices"/> in a window it is exact: the time of each of the last N is kept. For more, the window is cut into
/// <see cref="Slices"/> slices, and what fell into the slice under way and as many before it is summed. They span a bit more
/// than the window, so it never lets more pass than N, and lets the next pass up to a slice (3 % of the window) late.
/// The usual counter of two windows with a weighted sum is smaller, but is right only for even traffic.
/// </remarks>
internal sealed class SlidingWindow : Limiter
{
    /// <summary>The most times that are kept one by one, and else the slices of a window.</summary>
    public const int Slices = 32;

    // A slice's number and its count share a cell; a rate is below a thousand million. Of the number the lowest 34 bits are kept,
    // which come again after 17 years: a cell that old may count for one window more.
    private const int CountBits = 30;
    private const long CountMask = (1L << CountBits) - 1;
    private const long SliceMask = (1L << (64 - CountBits)) - 1;

    private readonly long _count;
    private readonly long _window;
    private readonly long _slice;

    /// <summary>A limit of <paramref name="rate"/> on a clock of this frequency.</summary>
    public SlidingWindow(Rate rate, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rate.Count, CountMask);
        _count = rate.Count;
        _window = (long)(rate.Window.TotalSeconds * time.TimestampFrequency);
        _slice = (_window + Slices - 1) / Slices;
    }

    /// <inheritdoc/>
    public override int Cells => (int)Math.Min(_count, Slices) + 1;

    private bool KeepsTimes => _count <= Slices;

    /// <inheritdoc/>
    public override bool TryTake(Span<long> cells, long now)
    {
        if (KeepsTimes)
        {
            // Cell 0 says which is the oldest; a time is kept as 1 more, so that 0 is none.
            ref var oldest = ref cells[1 + (int)cells[0]];
            if (Counts(oldest, now))
            {
                return false;
            }

            oldest = now + 1;
            cells[0] = (cells[0] + 1) % _count;
            return true;
        }

        if (Sum(cells, now) >= _count)
        {
            return false;
        }

        var slice = now / _slice;
        ref var cell = ref cells[(int)(slice % cells.Length)];
        cell = Age(cell, slice) == 0 ? cell + 1 : (slice << CountBits) | 1;
        return true;
    }

    /// <inheritdoc/>
    public override double Used(ReadOnlySpan<long> cells, long now)
    {
        if (!KeepsTimes)
        {
            return (double)Sum(cells, now) / _count;
        }

        var counted = 0;
        foreach (var time in cells[1..])
        {
            counted += Counts(time, now) ? 1 : 0;
        }

        return (double)counted / _count;
    }

    /// <inheritdoc/>
    public override long Wait(ReadOnlySpan<long> cells, long now)
    {
        if (KeepsTimes)
        {
            var oldest = cells[1 + (int)cells[0]];
            return Counts(oldest, now) ? _window - (now - (oldest - 1)) : 0;
        }

        // The oldest slices go first, one at a time.
        var (slice, sum) = (now / _slice, Sum(cells, now));
        for (var gone = 0L; ; gone++)
        {
            if (sum < _count)
            {
                return gone == 0 ? 0 : ((slice + gone) * _slice) - now;
            }

            sum -= CountedIn(cells, slice - Slices + gone);
        }
    }

    private static long CountedIn(ReadOnlySpan<long> cells, long slice)
    {
        if (slice < 0)
        {
            return 0;
        }

        var cell = cells[(int)(slice % cells.Length)];
        return Age(cell, slice) == 0 ? cell & CountMask : 0;
    }

    private bool Counts(long time, long now) => time > 0 && now - (time - 1) < _window;

    private long Sum(ReadOnlySpan<long> cells, long now)
    {
        var slice = now / _slice;
        var sum = 0L;
        foreach (var cell in cells)
        {
            sum += Age(cell, slice) <= Slices ? cell & CountMask : 0;
        }

        return sum;
    }

    /// <summary>How many slices ago the cell was counted in.</summary>
    private static long Age(long cell, long slice) => (slice - (cell >>> CountBits)) & SliceMask;
}
