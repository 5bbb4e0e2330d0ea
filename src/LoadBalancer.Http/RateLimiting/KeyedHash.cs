using System.Buffers.Binary;
using System.Numerics;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>
/// SipHash-1-3 (Aumasson and Bernstein, 2012, with one and three rounds): numbers of texts that clients choose, for tables in which nobody outside may choose
/// who falls together. Immutable.
/// </summary>
internal readonly struct KeyedHash
{
    private readonly ulong _k0;
    private readonly ulong _k1;

    /// <summary>A hash that is unlike any other.</summary>
    public KeyedHash(Random seeds) => (_k0, _k1) = ((ulong)seeds.NextInt64(long.MinValue, long.MaxValue), (ulong)seeds.NextInt64(long.MinValue, long.MaxValue));

    /// <summary>A hash with this key, for the test vectors.</summary>
    internal KeyedHash(ulong k0, ulong k1) => (_k0, _k1) = (k0, k1);

    /// <summary>The number of <paramref name="text"/>.</summary>
    public ulong Of(ReadOnlySpan<byte> text)
    {
        var (v0, v1, v2, v3) = (_k0 ^ 0x736f6d6570736575, _k1 ^ 0x646f72616e646f6d, _k0 ^ 0x6c7967656e657261, _k1 ^ 0x7465646279746573);
        var last = (ulong)text.Length << 56;
        for (; text.Length >= sizeof(ulong); text = text[sizeof(ulong)..])
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(text);
            v3 ^= word;
            Round(ref v0, ref v1, ref v2, ref v3);
            v0 ^= word;
        }

        for (var at = 0; at < text.Length; at++)
        {
            last |= (ulong)text[at] << (8 * at);
        }

        v3 ^= last;
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= last;
        v2 ^= 0xff;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
