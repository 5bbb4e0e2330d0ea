using System.Numerics;

namespace LoadBalancer.Telemetry;

/// <summary>How long answers took, finely enough to compare endpoints: within an eighth of the time, from a microsecond to two minutes.</summary>
/// <remarks>
/// Each power of two of microseconds is cut into four. Recording takes no lock and no search: a stripe per loop with that loop as its only
/// writer, see <see cref="StripedCells"/>. It takes a KiB for each loop.
/// </remarks>
internal sealed class LatencySketch(int loops)
{
    /// <summary>How many classes of times there are.</summary>
    public const int Slots = 104;

    private readonly StripedCells _cells = new(loops, Slots);

    /// <summary>Counts one time; only on the thread of <paramref name="loop"/>.</summary>
    public void Record(int loop, TimeSpan took) => _cells.Add(loop, SlotOf(took));

    /// <summary>The counts so far, by class: they only grow.</summary>
    public void Read(Span<long> counts)
    {
        for (var slot = 0; slot < Slots; slot++)
        {
            counts[slot] = _cells.Sum(slot);
        }
    }

    /// <summary>What half of the times that were counted between two readings did not exceed, and how many there were.</summary>
    public static (TimeSpan Median, long Count) Median(ReadOnlySpan<long> before, ReadOnlySpan<long> after)
    {
        var count = 0L;
        for (var slot = 0; slot < Slots; slot++)
        {
            count += after[slot] - before[slot];
        }

        var rest = (count + 1) / 2;
        for (var slot = 0; slot < Slots; slot++)
        {
            rest -= after[slot] - before[slot];
            if (rest <= 0)
            {
                return (count == 0 ? TimeSpan.Zero : MiddleOf(slot), count);
            }
        }

        return (MiddleOf(Slots - 1), count);
    }

    /// <summary>The class of a time.</summary>
    internal static int SlotOf(TimeSpan took)
    {
        var microseconds = (ulong)Math.Max(0, took.Ticks / TimeSpan.TicksPerMicrosecond);
        if (microseconds < 4)
        {
            return (int)microseconds;
        }

        var power = BitOperations.Log2(microseconds);
        return Math.Min(Slots - 1, (4 * (power - 1)) + (int)((microseconds >> (power - 2)) & 3));
    }

    /// <summary>The time that stands for a class.</summary>
    internal static TimeSpan MiddleOf(int slot)
    {
        if (slot < 4)
        {
            return TimeSpan.FromMicroseconds(slot);
        }

        var shift = (slot / 4) - 1;
        return TimeSpan.FromMicroseconds(((4 + (slot % 4)) << shift) + ((1 << shift) / 2.0));
    }
}
