using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace LoadBalancer.Http.Routing;

/// <summary>Which state of a <see cref="PathTrie"/> a segment leads to from another. Immutable, thread-safe.</summary>
/// <remarks>
/// One table for all states, open addressing at a load of at most a half, and in it the texts of most segments: among thousands of routes
/// a look-up is one line of the processor's cache that is not there, as a rule, and not one for each object on the way. The texts are the
/// file's, so that nobody from outside can make them collide.
/// </remarks>
internal sealed class SegmentTable
{
    private readonly Slot[] _slots;
    private readonly byte[] _longTexts;

    /// <summary>A table of <paramref name="steps"/>, none twice.</summary>
    public SegmentTable(IReadOnlyCollection<(int From, string Segment, int To)> steps)
    {
        _slots = new Slot[BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, steps.Count * 2))];
        var longTexts = new List<byte>();
        foreach (var (from, segment, to) in steps)
        {
            var text = Encoding.ASCII.GetBytes(segment);
            var at = First(from, text);
            while (_slots[at].From != 0)
            {
                at = (at + 1) & (_slots.Length - 1);
            }

            _slots[at] = new Slot { From = from + 1, To = to, Length = text.Length };
            if (text.Length <= Inline.Length)
            {
                text.CopyTo((Span<byte>)_slots[at].Text);
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(_slots[at].Text, longTexts.Count);
                longTexts.AddRange(text);
            }
        }

        _longTexts = [.. longTexts];
    }

    /// <summary>The state that <paramref name="segment"/> leads to from the state <paramref name="from"/>; -1 for none.</summary>
    public int Find(int from, ReadOnlySpan<byte> segment)
    {
        var slots = _slots;
        for (var at = First(from, segment); (uint)at < (uint)slots.Length; at = (at + 1) & (slots.Length - 1))
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
        for (var at = First(from, segment); _slots[at].From != 0 && !(_slots[at].From == from + 1 && segment.SequenceEqual(TextOf(in _slots[at]))); at = (at + 1) & (_slots.Length - 1))
        {
            steps++;
        }

        return steps;
    }

    private ReadOnlySpan<byte> TextOf(ref readonly Slot slot) => slot.Length <= Inline.Length
        ? ((ReadOnlySpan<byte>)slot.Text)[..slot.Length]
        : _longTexts.AsSpan(BinaryPrimitives.ReadInt32LittleEndian(slot.Text), slot.Length);

    private int First(int from, ReadOnlySpan<byte> text) => TextHash.Of(from, text) & (_slots.Length - 1);

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
