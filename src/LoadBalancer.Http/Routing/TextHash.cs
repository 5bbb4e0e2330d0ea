using System.Buffers.Binary;
using System.Numerics;

namespace LoadBalancer.Http.Routing;

/// <summary>The hash of a short text, and of a number beside it, by which routing tables find their slots. Texts are the file's: nobody outside chooses what is in a table.</summary>
internal static class TextHash
{
    /// <summary>How many bits it has.</summary>
    public const int Bits = 24;

    /// <summary>The hash, from 0 on; the same in every process.</summary>
    /// <param name="number">What the text belongs to; 0 for nothing.</param>
    /// <param name="text">The text.</param>
    public static int Of(int number, ReadOnlySpan<byte> text)
    {
        const ulong Factor = 0x9E3779B97F4A7C15;
        var hash = (((ulong)number << 32) | (uint)text.Length) * Factor;
        while (text.Length >= sizeof(ulong))
        {
            hash = (BitOperations.RotateLeft(hash, 23) ^ BinaryPrimitives.ReadUInt64LittleEndian(text)) * Factor;
            text = text[sizeof(ulong)..];
        }

        var rest = 0ul;
        foreach (var letter in text)
        {
            rest = (rest << 8) | letter;
        }

        hash = (BitOperations.RotateLeft(hash, 23) ^ rest) * Factor;
        return (int)(hash >> (64 - Bits));
    }
}
