using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LoadBalancer.Http.Server;

/// <summary>
/// Ids of requests and of spans: random, so that no two instances make the same one. A loop has its own, seeded by the system; touched only there.
/// </summary>
/// <remarks>
/// xoshiro256** (Blackman, Vigna, 2018): a system call for each request would cost more than everything else here. An id is a name and no
/// secret: who sees some of them can work out the next.
/// </remarks>
internal sealed class RequestIds
{
    /// <summary>The length of a request's id.</summary>
    public const int Length = 32;

    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>Ids that begin where the system's chance says.</summary>
    public RequestIds()
    {
        Span<ulong> seed = stackalloc ulong[4];
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(seed));
        // All zeros is the one state that it never leaves.
        (_s0, _s1, _s2, _s3) = (seed[0] | 1, seed[1], seed[2], seed[3]);
    }

    /// <summary>Fills <paramref name="hex"/>, a multiple of 16 long, with hexadecimal digits in lower case; they are never all 0.</summary>
    public void Write(Span<byte> hex)
    {
        for (var at = 0; at < hex.Length; at += 16)
        {
            ulong value;
            do
            {
                value = Next();
            }
            while (value == 0);

            WriteHex(value, hex.Slice(at, 16));
        }
    }

    /// <summary>Writes 16 digits.</summary>
    public static void WriteHex(ulong value, Span<byte> hex)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        Convert.TryToHexStringLower(bytes, hex, out _);
    }

    private ulong Next()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }
}
