namespace LoadBalancer.Limits;

/// <summary>
/// The memory of one table's windows: blocks of 4, 8, 16 … 1,024 numbers, cut from arrays that grow with what is used, and used again. Thread-safe: a spin lock
/// is held where a block is rented or returned; reading and changing a block takes none.
/// </summary>
/// <remarks>
/// A block's state, by which a caller holds it, has a generation: no two rentings have the same one. Who fills a block with values of its generation and
/// changes it only by compare-and-swap can be held up for as long as it likes and never changes the block of another.
/// </remarks>
internal sealed class CallerBlocks(LimitMemoryShare memory)
{
    /// <summary>Numbers in the largest block.</summary>
    public const int Largest = Smallest << (Classes - 1);

    private const int Smallest = 4;
    private const int Classes = 9;
    private const int FirstSlab = 128;
    private const int LargestSlab = 8192;

    // A state: 31 bits of generation, 4 of the class, 16 of the slab, 12 of the place in it in units of the smallest block.
    private const int PlaceBits = 12;
    private const int SlabBits = 16;
    private const int ClassShift = PlaceBits + SlabBits;
    private const int GenerationShift = 32;
    private const long None = -1;

    // In a block that is free, the second number says which is the next one: so that whoever still reads it sees no time in it.
    private const int Link = 1;
    private const long LinkMark = long.MinValue / 2;

    private readonly long[] _free = [None, None, None, None, None, None, None, None, None];
    private readonly long[] _fresh = new long[Classes];
    private readonly int[] _freshLeft = new int[Classes];
    private readonly int[] _nextSlab = new int[Classes];
    private SpinLock _gate = new(enableThreadOwnerTracking: false);
    private long[][] _slabs = new long[4][];
    private int _slabCount;
    private int _generation;

    /// <summary>The generation of a block, 1 or more.</summary>
    public static long GenerationOf(long state) => state >>> GenerationShift;

    /// <summary>The block that a state holds.</summary>
    public Span<long> this[long state]
    {
        get
        {
            var slab = Volatile.Read(ref _slabs)[(int)(state >> PlaceBits) & ((1 << SlabBits) - 1)];
            return slab.AsSpan(((int)state & ((1 << PlaceBits) - 1)) * Smallest, Smallest << ((int)(state >> ClassShift) & 15));
        }
    }

    /// <summary>The block that a caller holds by its entry; waits for the moment in which it moves to a larger one. False where the entry is not the caller's.</summary>
    public bool TryGet(ref CallerEntry entry, ulong number, out long state, out Span<long> block)
    {
        var spin = default(SpinWait);
        while (true)
        {
            state = Volatile.Read(ref entry.State);
            if (state == CallerEntry.Moved || Volatile.Read(ref entry.Number) != number)
            {
                block = default;
                return false;
            }

            // The same as before the number was seen: so it is this caller's.
            if (state != CallerEntry.Growing && Volatile.Read(ref entry.State) == state)
            {
                block = this[state];
                return true;
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>Rents a block of at least <paramref name="length"/> numbers, which are those of another; false where there is no memory.</summary>
    public bool TryRent(int length, bool forNewcomer, out long state)
    {
        var entered = false;
        try
        {
            _gate.Enter(ref entered);
            var wanted = ClassOf(length);
            if (TryReuse(wanted, out state) || TryCut(wanted, forNewcomer, out state))
            {
                return true;
            }

            for (var larger = wanted + 1; larger < Classes; larger++)
            {
                if (TryReuse(larger, out state))
                {
                    return true;
                }
            }

            return false;
        }
        finally
        {
            if (entered)
            {
                _gate.Exit();
            }
        }
    }

    /// <summary>Returns a block.</summary>
    public void Return(long state)
    {
        var entered = false;
        try
        {
            _gate.Enter(ref entered);
            var size = (int)(state >> ClassShift) & 15;
            Volatile.Write(ref this[state][Link], LinkMark + _free[size]);
            _free[size] = state & uint.MaxValue;
        }
        finally
        {
            if (entered)
            {
                _gate.Exit();
            }
        }
    }

    private static int ClassOf(int length)
    {
        var size = 0;
        while (Smallest << size < length)
        {
            size++;
        }

        return size;
    }

    private bool TryReuse(int size, out long state)
    {
        state = _free[size];
        if (state == None)
        {
            return false;
        }

        _free[size] = this[state][Link] - LinkMark;
        state |= NextGeneration();
        return true;
    }

    private bool TryCut(int size, bool forNewcomer, out long state)
    {
        state = None;
        if (_freshLeft[size] == 0 && !TryAddSlab(size, forNewcomer))
        {
            return false;
        }

        state = _fresh[size] | NextGeneration();
        _fresh[size] += 1L << size;
        _freshLeft[size]--;
        return true;
    }

    private bool TryAddSlab(int size, bool forNewcomer)
    {
        var length = Math.Max(Smallest << size, Math.Max(FirstSlab, _nextSlab[size]));
        if (_slabCount == 1 << SlabBits || !memory.TryReserve(length * sizeof(long), forNewcomer))
        {
            return false;
        }

        var slabs = _slabs;
        if (_slabCount == slabs.Length)
        {
            Array.Resize(ref slabs, slabs.Length * 2);
        }

        slabs[_slabCount] = new long[length];
        Volatile.Write(ref _slabs, slabs);
        _fresh[size] = ((long)size << ClassShift) | ((long)_slabCount << PlaceBits);
        _freshLeft[size] = length / (Smallest << size);
        _nextSlab[size] = Math.Min(LargestSlab, length * 2);
        _slabCount++;
        return true;
    }

    private long NextGeneration()
    {
        _generation = _generation == int.MaxValue ? 1 : _generation + 1;
        return (long)_generation << GenerationShift;
    }
}
