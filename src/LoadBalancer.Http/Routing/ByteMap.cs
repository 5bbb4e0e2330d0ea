using System.Numerics;

namespace LoadBalancer.Http.Routing;

/// <summary>Numbers by text, as bytes from the wire are looked up: no string is made of them. Immutable, thread-safe.</summary>
/// <remarks>
/// Open addressing at a load of at most a half. The texts are the file's, so that nobody from outside can make them collide, and a look-up
/// costs its length and the few texts of its run.
/// </remarks>
internal sealed class ByteMap
{
    private readonly (byte[]? Text, int Value)[] _slots;

    /// <summary>A map of <paramref name="entries"/>, no text twice.</summary>
    public ByteMap(IReadOnlyCollection<(byte[] Text, int Value)> entries)
    {
        _slots = new (byte[]?, int)[BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, entries.Count * 2))];
        foreach (var entry in entries)
        {
            var slot = Slot(entry.Text);
            while (_slots[slot].Text is not null)
            {
                slot = (slot + 1) & (_slots.Length - 1);
            }

            _slots[slot] = entry;
        }
    }

    /// <summary>The number of a text; -1 where there is none.</summary>
    public int Find(ReadOnlySpan<byte> text)
    {
        var slots = _slots;
        for (var slot = Slot(text); slots[slot].Text is { } known; slot = (slot + 1) & (slots.Length - 1))
        {
            if (text.SequenceEqual(known))
            {
                return slots[slot].Value;
            }
        }

        return -1;
    }

    private int Slot(ReadOnlySpan<byte> text) => TextHash.Of(0, text) & (_slots.Length - 1);
}
