using System.Numerics;
using System.Text;

namespace LoadBalancer.Http.Routing;

/// <summary>Numbers by text, as bytes from the wire are looked up: no string is made of them. Immutable, thread-safe.</summary>
/// <remarks>
/// Open addressing at a load of at most a half, the texts one behind the other. They are the file's, so that nobody from outside can make them collide, and a
/// look-up costs its length and the few texts of its run.
/// </remarks>
internal sealed class ByteMap
{
    private readonly Slot[] _slots;
    private readonly byte[] _texts;

    /// <summary>A map of <paramref name="entries"/>, no text twice or empty, in ASCII; the numbers are not below 0.</summary>
    public ByteMap(IReadOnlyList<(string Text, int Value)> entries)
    {
        var letters = 0;
        foreach (var (text, _) in entries)
        {
            letters += text.Length;
        }

        _slots = new Slot[BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, entries.Count * 2))];
        _texts = new byte[letters];
        var start = 0;
        foreach (var (text, value) in entries)
        {
            var length = Encoding.ASCII.GetBytes(text, _texts.AsSpan(start));
            var slot = First(_texts.AsSpan(start, length));
            while (_slots[slot].Number != 0)
            {
                slot = (slot + 1) & (_slots.Length - 1);
            }

            _slots[slot] = new Slot(value + 1, start, length);
            start += length;
        }
    }

    /// <summary>True where there is no text.</summary>
    public bool IsEmpty => _texts.Length == 0;

    /// <summary>The number of a text; -1 where there is none.</summary>
    public int Find(ReadOnlySpan<byte> text)
    {
        if (IsEmpty)
        {
            return -1;
        }

        var slots = _slots;
        for (var at = First(text); (uint)at < (uint)slots.Length; at = (at + 1) & (slots.Length - 1))
        {
            ref readonly var slot = ref slots[at];
            if (slot.Number == 0)
            {
                break;
            }

            if (slot.Length == text.Length && text.SequenceEqual(_texts.AsSpan(slot.Start, slot.Length)))
            {
                return slot.Number - 1;
            }
        }

        return -1;
    }

    private int First(ReadOnlySpan<byte> text) => TextHash.Of(0, text) & (_slots.Length - 1);

    /// <summary>A text and its number, and one; 0 where the slot is free.</summary>
    private readonly record struct Slot(int Number, int Start, int Length);
}
