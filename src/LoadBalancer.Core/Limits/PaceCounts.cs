using LoadBalancer.Telemetry;

namespace LoadBalancer.Limits;

/// <summary>What the callers of a bandwidth have waited in one direction, since the process started. It outlives reloads. Counted on the loops, without a lock; read from any thread.</summary>
/// <param name="loops">How many loops count.</param>
internal sealed class PaceCounts(int loops)
{
    private const int DelayedSlot = 0;
    private const int PausedSlot = 1;

    private readonly StripedCells _cells = new(loops, PausedSlot + 1);

    /// <summary>Bytes that have waited for their turn.</summary>
    public long DelayedBytes => _cells.Sum(DelayedSlot);

    /// <summary>How long exchanges have waited, all together.</summary>
    public TimeSpan Paused => TimeSpan.FromTicks(_cells.Sum(PausedSlot));

    /// <summary>Counts a wait, on the thread of <paramref name="loop"/>.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="bytes">What waited.</param>
    /// <param name="paused">For how long.</param>
    public void Count(int loop, int bytes, TimeSpan paused)
    {
        _cells.Add(loop, DelayedSlot, bytes);
        _cells.Add(loop, PausedSlot, paused.Ticks);
    }
}
