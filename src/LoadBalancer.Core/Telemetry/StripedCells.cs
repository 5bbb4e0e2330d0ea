namespace LoadBalancer.Telemetry;

/// <summary>
/// Counters that several loops share without sharing a cache line: each loop has its own stripe of slots, and a scrape
/// sums the stripes.
/// </summary>
/// <remarks>
/// A stripe has ONE writer, the thread of its loop, so that adding is a plain load and store; anybody may read at any time.
/// Stripes lie 128 bytes apart, because processors fetch cache lines in pairs.
/// </remarks>
public sealed class StripedCells
{
    private const int PaddingSlots = 128 / sizeof(long);

    private readonly long[] _cells;
    private readonly int _stride;

    /// <summary>Zeroes for <paramref name="loops"/> writers of <paramref name="slots"/> counters each.</summary>
    public StripedCells(int loops, int slots)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(loops, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        Loops = loops;
        Slots = slots;
        _stride = ((slots + PaddingSlots - 1) / PaddingSlots * PaddingSlots) + PaddingSlots;
        _cells = new long[PaddingSlots + (loops * _stride)];
    }

    /// <summary>The count of writers.</summary>
    public int Loops { get; }

    /// <summary>The count of counters that each writer has.</summary>
    public int Slots { get; }

    /// <summary>Adds to one counter; only on the thread of <paramref name="loop"/>.</summary>
    public void Add(int loop, int slot, long amount = 1)
    {
        ref var cell = ref _cells[At(loop, slot)];
        Volatile.Write(ref cell, cell + amount);
    }

    /// <summary>One counter over all loops; each stripe is read once, so the sum may lack what is added meanwhile.</summary>
    public long Sum(int slot)
    {
        var sum = 0L;
        for (var loop = 0; loop < Loops; loop++)
        {
            sum += Volatile.Read(ref _cells[At(loop, slot)]);
        }

        return sum;
    }

    private int At(int loop, int slot)
    {
        // Neighbouring stripes are within the array's bounds: without this check a wrong slot would count for another loop.
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)Slots);
        return PaddingSlots + (loop * _stride) + slot;
    }
}
