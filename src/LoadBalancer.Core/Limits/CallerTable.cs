using System.Runtime.CompilerServices;

namespace LoadBalancer.Limits;

/// <summary>
/// What each caller has used of one rate. Thread-safe, without a lock for callers that are known: finding one reads, and charging it is a compare-and-swap.
/// </summary>
/// <remarks>
/// <para>
/// A caller's number says in which of <see cref="Shards"/> shards it is, and there in which two sets of <see cref="Ways"/> places. Whoever is not in
/// them is a newcomer: it gets a place under the shard's spin lock, for which at most <see cref="Reach"/> places are looked at.
/// It takes a free one; else that of a caller who is idle, which loses nothing, the one idle for longest first; else the
/// shard is doubled, which moves its entries; and where it is as large as it may be, or the <see cref="LimitMemory"/> is used up, the one that would be idle
/// soonest goes. One at its limit never goes. Where all within reach are at theirs, the newcomer gets no place (<see cref="Pooled"/>): it is counted in
/// the <see cref="CallerPool"/>.
/// </para>
/// <para>
/// Where a shard grows, those of its callers that come in these microseconds wait for its end, and nobody else. It happens at most ten times, and a table does not shrink.
/// </para>
/// </remarks>
/// <param name="limiter">The arithmetic.</param>
/// <param name="memory">The memory.</param>
internal sealed class CallerTable(Limiter limiter, LimitMemoryShare memory)
{
    /// <summary>How many shards there are, a power of two.</summary>
    public const int Shards = 256;

    /// <summary>Places in a set.</summary>
    public const int Ways = 8;

    /// <summary>Places that a caller can be in.</summary>
    public const int Reach = 2 * Ways;

    /// <summary>How many callers are remembered at most: two million in 32 MiB, and what their windows take.</summary>
    public const int MostCallers = Shards * LargestShard;

    private const int ShardShift = 64 - 8;
    private const int OtherSetShift = 28;
    private const int LargestShard = 8192;
    private const int Roomy = 3;

    private readonly Shard[] _shards = EmptyShards();
    private long _pooled;

    /// <summary>How many callers are remembered.</summary>
    public long Count
    {
        get
        {
            var count = 0L;
            foreach (ref var shard in _shards.AsSpan())
            {
                count += Volatile.Read(ref shard.Count);
            }

            return count;
        }
    }

    /// <summary>How often a caller came for whom there was no place.</summary>
    public long Pooled => Volatile.Read(ref _pooled);

    /// <summary>The number by which a caller is known: any but 0.</summary>
    public static ulong NumberOf(ulong number) => number == 0 ? 1 : number;

    /// <summary>Where a caller is; a null reference where it is nowhere.</summary>
    public ref CallerEntry Find(ulong number)
    {
        var entries = Volatile.Read(ref _shards[number >> ShardShift].Entries);
        if (entries is not null)
        {
            var (first, second) = SetsOf(number, entries.Length);
            foreach (ref var entry in entries.AsSpan(first, Ways))
            {
                if (Volatile.Read(ref entry.Number) == number)
                {
                    return ref entry;
                }
            }

            foreach (ref var entry in entries.AsSpan(second, Ways))
            {
                if (Volatile.Read(ref entry.Number) == number)
                {
                    return ref entry;
                }
            }
        }

        return ref Unsafe.NullRef<CallerEntry>();
    }

    /// <summary>Gives a place to a caller that was not found; where another thread has meanwhile, it is that one. It is looked up again then.</summary>
    /// <param name="number">The caller.</param>
    /// <param name="used">What it has used elsewhere.</param>
    /// <returns>False where it cannot be remembered.</returns>
    public bool TryAdd(ulong number, long used)
    {
        ref var shard = ref _shards[number >> ShardShift];
        var entered = false;
        try
        {
            shard.Gate.Enter(ref entered);
            if (!Unsafe.IsNullRef(ref Find(number)) || TryPlace(ref shard, number, used))
            {
                return true;
            }

            Interlocked.Increment(ref _pooled);
            return false;
        }
        finally
        {
            if (entered)
            {
                shard.Gate.Exit(useMemoryBarrier: true);
            }
        }
    }

    /// <summary>True where <see cref="TryAdd"/> would give a place to a caller that was not found. Takes the shard's lock, and changes nothing.</summary>
    public bool HasRoom(ulong number)
    {
        ref var shard = ref _shards[number >> ShardShift];
        var entered = false;
        try
        {
            shard.Gate.Enter(ref entered);
            if (shard.Entries is { } entries)
            {
                IdlestOf(entries, number, out var untilIdle);
                if (untilIdle != long.MaxValue)
                {
                    return true;
                }

                if (Unsafe.IsNullRef(ref FreeOf(entries, number)) && !CanGrow(shard))
                {
                    return false;
                }
            }

            if (!limiter.TryBegin(0, out var state))
            {
                return false;
            }

            limiter.End(state);
            return true;
        }
        finally
        {
            if (entered)
            {
                shard.Gate.Exit(useMemoryBarrier: true);
            }
        }
    }

    private static Shard[] EmptyShards()
    {
        var shards = new Shard[Shards];
        shards.AsSpan().Fill(new Shard { Gate = new SpinLock(enableThreadOwnerTracking: false) });
        return shards;
    }

    private static (int First, int Second) SetsOf(ulong number, int length) =>
        ((int)number & (length - 1) & -Ways, (int)(number >> OtherSetShift) & (length - 1) & -Ways);

    /// <summary>A free place in the set that has more of them, and in the first while it is roomy; null where both are full.</summary>
    private static ref CallerEntry FreeOf(CallerEntry[] entries, ulong number)
    {
        var (first, second) = SetsOf(number, entries.Length);
        ref var one = ref FreeOf(entries.AsSpan(first, Ways), out var free);
        if (free >= Roomy)
        {
            return ref one;
        }

        ref var other = ref FreeOf(entries.AsSpan(second, Ways), out var otherFree);
        if (otherFree > free)
        {
            return ref other;
        }

        return ref one;
    }

    private static ref CallerEntry FreeOf(Span<CallerEntry> set, out int free)
    {
        ref var found = ref Unsafe.NullRef<CallerEntry>();
        free = 0;
        foreach (ref var entry in set)
        {
            if (entry.Number == 0)
            {
                found = ref entry;
                free++;
            }
        }

        return ref found;
    }

    private static ref long StateIn(CallerEntry[] entries, ulong number)
    {
        var (first, second) = SetsOf(number, entries.Length);
        for (var at = 0; ; at++)
        {
            ref var entry = ref entries[at < Ways ? first + at : second + at - Ways];
            if (entry.Number == number)
            {
                return ref entry.State;
            }
        }
    }

    private bool TryPlace(ref Shard shard, ulong number, long used)
    {
        var entries = shard.Entries ??= new CallerEntry[Ways];
        ref var place = ref FreeOf(entries, number);
        if (Unsafe.IsNullRef(ref place))
        {
            ref var idlest = ref IdlestOf(entries, number, out var untilIdle);
            if (untilIdle > 0 && TryGrow(ref shard))
            {
                return TryPlace(ref shard, number, used);
            }

            if (untilIdle == long.MaxValue || !TryForget(ref shard, ref idlest))
            {
                return false;
            }

            place = ref idlest;
        }

        if (!limiter.TryBegin(used, out var state))
        {
            ref var idlest = ref IdlestOf(entries, number, out var untilIdle);
            if (untilIdle == long.MaxValue || !TryForget(ref shard, ref idlest) || !limiter.TryBegin(used, out state))
            {
                return false;
            }
        }

        Volatile.Write(ref place.State, state);
        Volatile.Write(ref place.Number, number);
        shard.Count++;
        return true;
    }

    /// <summary>The one within reach that is idle for longest or will be soonest; with the greatest number where all are at their limits.</summary>
    private ref CallerEntry IdlestOf(CallerEntry[] entries, ulong number, out long untilIdle)
    {
        ref var idlest = ref Unsafe.NullRef<CallerEntry>();
        untilIdle = long.MaxValue;
        var now = limiter.Now;
        var (first, second) = SetsOf(number, entries.Length);
        for (var at = 0; at < Reach; at++)
        {
            ref var entry = ref entries[at < Ways ? first + at : second + at - Ways];
            var state = Volatile.Read(ref entry.State);
            if (entry.Number != 0 && state is not (CallerEntry.Growing or CallerEntry.Moved) && limiter.UntilIdle(state, now) is var until && until < untilIdle)
            {
                idlest = ref entry;
                untilIdle = until;
            }
        }

        return ref idlest;
    }

    private bool TryForget(ref Shard shard, ref CallerEntry entry)
    {
        var number = entry.Number;
        Volatile.Write(ref entry.Number, 0);
        var state = CallerEntry.Seize(ref entry);
        if (limiter.UntilIdle(state, limiter.Now) == long.MaxValue)
        {
            // It has come to its limit since it was looked at.
            Volatile.Write(ref entry.State, state);
            Volatile.Write(ref entry.Number, number);
            return false;
        }

        limiter.End(state);
        shard.Count--;
        return true;
    }

    private bool CanGrow(in Shard shard)
    {
        var bytes = 2 * shard.Entries!.Length * Unsafe.SizeOf<CallerEntry>();
        if (shard.IsLargest || shard.Entries.Length >= LargestShard || !memory.TryReserve(bytes, forNewcomer: true))
        {
            return false;
        }

        memory.Release(bytes);
        return true;
    }

    private bool TryGrow(ref Shard shard)
    {
        var old = shard.Entries!;
        if (shard.IsLargest || old.Length >= LargestShard || !memory.TryReserve(2 * old.Length * Unsafe.SizeOf<CallerEntry>(), forNewcomer: true))
        {
            return false;
        }

        var entries = new CallerEntry[2 * old.Length];
        foreach (ref var entry in old.AsSpan())
        {
            if (entry.Number == 0)
            {
                continue;
            }

            ref var place = ref FreeOf(entries, entry.Number);
            if (Unsafe.IsNullRef(ref place))
            {
                // So many that fall together in twice the room are not by chance; the next attempts would be no better.
                memory.Release(2 * old.Length * Unsafe.SizeOf<CallerEntry>());
                shard.IsLargest = true;
                return false;
            }

            place.Number = entry.Number;
        }

        foreach (ref var entry in old.AsSpan())
        {
            if (entry.Number != 0)
            {
                StateIn(entries, entry.Number) = CallerEntry.Seize(ref entry);
            }
        }

        Volatile.Write(ref shard.Entries, entries);
        if (old.Length > Ways)
        {
            memory.Release(old.Length * Unsafe.SizeOf<CallerEntry>());
        }

        return true;
    }

    private struct Shard
    {
        public CallerEntry[]? Entries;
        public SpinLock Gate;
        public int Count;
        public bool IsLargest;
    }
}
