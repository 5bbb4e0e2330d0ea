using System.Collections.Concurrent;

namespace LoadBalancer.Limits;

/// <summary>The callers of one bandwidth in one direction, each with its <see cref="Pace"/>. Thread-safe; it lives across reloads.</summary>
/// <remarks>
/// A caller is remembered while it has exchanges, and after them until its bucket is full again: then a new one is the same. Where
/// <see cref="MostCallers"/> are remembered, each exchange of a newcomer has a pace of its own until there is room.
/// </remarks>
internal sealed class PaceTable
{
    /// <summary>How many callers are remembered at most, about 20 MB.</summary>
    public const int MostCallers = 65_536;

    private const int FirstSweep = 1024;

    private readonly ConcurrentDictionary<ulong, Pace> _paces = new();
    private readonly TimeProvider _time;
    private int _count;
    private int _sweepAt = FirstSweep;
    private long _nextSweep;
    private int _sweeping;

    /// <summary>A table of nobody.</summary>
    /// <param name="rate">Bytes a second, at least 1.</param>
    /// <param name="burst">Bytes at once, at least 1.</param>
    /// <param name="counts">Where waits are counted.</param>
    /// <param name="time">The clock of durations.</param>
    public PaceTable(long rate, long burst, PaceCounts counts, TimeProvider time) => (Rate, Burst, Counts, _time) = (rate, burst, counts, time);

    /// <summary>Bytes a second of one caller.</summary>
    public long Rate { get; }

    /// <summary>Bytes of one caller at once.</summary>
    public long Burst { get; }

    /// <summary>Where waits are counted.</summary>
    public PaceCounts Counts { get; }

    /// <summary>The clock of durations.</summary>
    public TimeProvider Time => _time;

    /// <summary>How many callers are remembered.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>An exchange of a caller begins; <see cref="Leave"/> follows.</summary>
    /// <param name="caller">Its number.</param>
    public Pace Enter(ulong caller)
    {
        while (true)
        {
            if (_paces.TryGetValue(caller, out var known))
            {
                if (known.TryJoin())
                {
                    return known;
                }

                // It has just ended, and whoever ended it may not have come to this.
                Forget(caller, known);
            }

            if (Count >= Volatile.Read(ref _sweepAt))
            {
                Sweep();
            }

            var pace = new Pace(this, _time);
            if (Count >= MostCallers)
            {
                return pace;
            }

            if (_paces.TryAdd(caller, pace))
            {
                Interlocked.Increment(ref _count);
                return pace;
            }
        }
    }

    /// <summary>An exchange has ended that had entered.</summary>
    public static void Leave(Pace pace) => pace.Part();

    private void Forget(ulong caller, Pace pace)
    {
        if (_paces.TryRemove(KeyValuePair.Create(caller, pace)))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    // Rule zero: a walk over all, because it comes only when they have doubled, and at most once a second.
    private void Sweep()
    {
        var now = _time.GetTimestamp();
        if (now < Volatile.Read(ref _nextSweep) || Interlocked.Exchange(ref _sweeping, 1) != 0)
        {
            return;
        }

        foreach (var (caller, pace) in _paces)
        {
            if (pace.TryEnd())
            {
                Forget(caller, pace);
            }
        }

        Volatile.Write(ref _sweepAt, Math.Clamp(2 * Count, FirstSweep, MostCallers));
        Volatile.Write(ref _nextSweep, now + _time.TimestampFrequency);
        Volatile.Write(ref _sweeping, 0);
    }
}
