using System.Numerics;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// About how often each key was asked for of late, known keys or not, up to 15 times: a count-min sketch (Cormode, Muthukrishnan 2005) with counters of four
/// bits, all four of a key in one line of the processor's cache.
/// </summary>
/// <remarks>
/// Any thread counts, without a lock: two that meet may lose one of the other's counts, and an estimate is one anyway. A key whose counters are full writes
/// nothing, so that what is asked for most is not what loops fight for. <see cref="Age"/> halves all, which lets the past fade; one thread at a time calls it.
/// </remarks>
internal sealed class FrequencySketch
{
    /// <summary>The most that is counted.</summary>
    public const int Most = 15;

    private const int WordsOfBlock = 8;
    private const ulong EveryLowBit = 0x1111_1111_1111_1111;
    private const ulong WithoutHighBits = 0x7777_7777_7777_7777;

    private readonly ulong[] _words;
    private readonly uint _blocks;
    private int _additions;

    /// <summary>A sketch in which nothing was counted.</summary>
    /// <param name="keys">About how many keys are to be told apart; it takes 8 bytes for each.</param>
    public FrequencySketch(int keys)
    {
        _words = new ulong[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(keys, WordsOfBlock))];
        _blocks = (uint)(_words.Length / WordsOfBlock) - 1;
    }

    /// <summary>How often something was counted since it last aged, less half of that then; about.</summary>
    public int Additions => _additions;

    /// <summary>Counts a key.</summary>
    /// <param name="hash">Its number, all of whose bits are as good as chance.</param>
    public void Add(ulong hash)
    {
        var block = (int)((uint)hash & _blocks) * WordsOfBlock;
        var choice = (uint)(hash >> 32);
        var added = false;
        for (var at = 0; at < 4; at++, choice >>= 8)
        {
            ref var word = ref _words[block + (at * 2) + (int)(choice & 1)];
            var shift = (int)((choice >> 1) & 15) * 4;
            var value = word;
            if (((value >> shift) & Most) != Most)
            {
                word = value + (1ul << shift);
                added = true;
            }
        }

        if (added)
        {
            _additions++;
        }
    }

    /// <summary>Notes that a key was asked for in vain that may have full counters: were that no reason to age, two sets of favourites could tie for ever.</summary>
    public void AddMiss(ulong hash) => _additions += Estimate(hash) == Most ? 1 : 0;

    /// <summary>How often a key was counted; never too few but by what two threads have lost.</summary>
    public int Estimate(ulong hash)
    {
        var block = (int)((uint)hash & _blocks) * WordsOfBlock;
        var choice = (uint)(hash >> 32);
        var least = Most;
        for (var at = 0; at < 4; at++, choice >>= 8)
        {
            var word = _words[block + (at * 2) + (int)(choice & 1)];
            least = Math.Min(least, (int)((word >> ((int)((choice >> 1) & 15) * 4)) & Most));
        }

        return least;
    }

    /// <summary>Halves every count.</summary>
    public void Age()
    {
        var odd = 0;
        for (var at = 0; at < _words.Length; at++)
        {
            var word = _words[at];
            odd += BitOperations.PopCount(word & EveryLowBit);
            _words[at] = (word >> 1) & WithoutHighBits;
        }

        _additions = Math.Max(0, (_additions - (odd >> 2)) >> 1);
    }
}
