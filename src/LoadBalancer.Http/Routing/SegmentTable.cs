using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// Where a segment leads to from a state of a <see cref="PathTrie"/>. Whoever makes it adds all steps before anybody looks one up; then it is immutable and thread-safe.
/// </summary>
/// <remarks>
/// One table for all states, open addressing at a load of a half, of few steps at a quarter, and in it the texts of most segments: among thousands of routes
/// a look-up is one line of the processor's cache that is not there, as a rule, and not one for each object on the way. The texts are the
/// file's, so that nobody from outside can make them collide.
/// </remarks>
internal sealed class SegmentTable
{
    private const int MostOnStack = 128;
    private const int Few = 256;

    private readonly Slot[] _slots;
    private readonly byte[] _longTexts;
    private int _longCount;

    /// <summary>Room for steps.</summary>
    /// <param name="steps">How many steps there are.</param>
    /// <param name="longLetters">How many characters those have together that are <see cref="IsLong"/>.</param>
    public SegmentTable(int steps, int longLetters) => (_slots, _longTexts) = (new Slot[Math.Max(2, steps < Few ? steps * 4 : steps * 2)], new byte[longLetters]);

    /// <summary>True where a segment of so many characters does not stand in its slot.</summary>
    public static bool IsLong(int length) => length > Inline.Length;

    /// <summary>Adds a step that is not there yet.</summary>
    /// <param name="from">The state that it leads from.</param>
    /// <param name="segment">Its text, in ASCII.</param>
    /// <param name="target">What <see cref="Find"/> is to give.</param>
    public void Add(int from, ReadOnlySpan<char> segment, int target)
    {
        var bytes = segment.Length <= MostOnStack ? stackalloc byte[MostOnStack] : new byte[segment.Length];
        var text = bytes[..Encoding.ASCII.GetBytes(segment, bytes)];
        var at = First(from, text);
        while (_slots[at].From != 0)
        {
            at = Next(at);
        }

        _slots[at] = new Slot { From = from + 1, To = target, Length = text.Length };
        if (!IsLong(text.Length))
        {
            text.CopyTo((Span<byte>)_slots[at].Text);
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(_slots[at].Text, _longCount);
            text.CopyTo(_longTexts.AsSpan(_longCount));
            _longCount += text.Length;
        }
    }

    /// <summary>Where <paramref name="segment"/> leads to from the state <paramref name="from"/>; -1 for nowhere.</summary>
    public int Find(int from, ReadOnlySpan<byte> segment)
    {
        var slots = _slots;
        for (var at = First(from, segment); (uint)at < (uint)slots.Length; at = Next(at))
        {
            ref readonly var slot = ref slots[at];
            if (slot.From == 0)
            {
                break;
            }

            if (slot.From == from + 1 && slot.Length == segment.Length && segment.SequenceEqual(TextOf(in slot)))
            {
                return slot.To;
            }
        }

        return -1;
    }

    /// <summary>How many slots a look-up reads, which is what it costs.</summary>
    public int StepsTo(int from, ReadOnlySpan<byte> segment)
    {
        var steps = 1;
        for (var at = First(from, segment); _slots[at].From != 0 && !(_slots[at].From == from + 1 && segment.SequenceEqual(TextOf(in _slots[at]))); at = Next(at))
        {
            steps++;
        }

        return steps;
    }

    private ReadOnlySpan<byte> TextOf(ref readonly Slot slot) => slot.Length <= Inline.Length
        ? ((ReadOnlySpan<byte>)slot.Text)[..slot.Length]
        : _longTexts.AsSpan(BinaryPrimitives.ReadInt32LittleEndian(slot.Text), slot.Length);

    // A share of the table that is as large as that of the hash in its 24 bits: so a table has any size.
    private int First(int from, ReadOnlySpan<byte> text) => (int)(((ulong)(uint)TextHash.Of(from, text) * (uint)_slots.Length) >> TextHash.Bits);

    private int Next(int slot) => slot + 1 == _slots.Length ? 0 : slot + 1;

    /// <summary>32 bytes, two to a line of the cache.</summary>
    private struct Slot
    {
        /// <summary>The state that it leads from, and one; 0 where the slot is free.</summary>
        public int From;

        public int To;

        public int Length;

        /// <summary>The text; of a longer one, where it begins in the texts that are long.</summary>
        public Inline Text;
    }

    [InlineArray(Length)]
    private struct Inline
    {
        public const int Length = 20;

        private byte _first;
    }
}
