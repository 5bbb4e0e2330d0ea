namespace LoadBalancer.Http.Server.Http2.Hpack;

/// <summary>The integers of HPACK (RFC 7541 section 5.1): as much as fits the rest of a byte, and then seven bits a byte.</summary>
internal static class HpackInteger
{
    /// <summary>The most bytes that an integer takes here.</summary>
    public const int MostBytes = 5;

    /// <summary>More than any length or index that is let pass.</summary>
    private const int MostBits = 21;

    /// <summary>Reads an integer.</summary>
    /// <param name="block">What is read; the integer is taken away.</param>
    /// <param name="prefixBits">How many bits of the first byte are its.</param>
    /// <param name="value">The integer.</param>
    /// <returns>False where it is not whole, or larger than anything that is let pass.</returns>
    public static bool TryRead(ref ReadOnlySpan<byte> block, int prefixBits, out int value)
    {
        var mask = (1 << prefixBits) - 1;
        value = block[0] & mask;
        if (value < mask)
        {
            block = block[1..];
            return true;
        }

        for (var (at, shift) = (1, 0); at < block.Length && shift <= MostBits; at++, shift += 7)
        {
            value += (block[at] & 0x7f) << shift;
            if (block[at] < 0x80)
            {
                block = block[(at + 1)..];
                return true;
            }
        }

        return false;
    }

    /// <summary>Writes an integer.</summary>
    /// <param name="room">Where to; <see cref="MostBytes"/> are enough.</param>
    /// <param name="first">The bits of the first byte that are not its.</param>
    /// <param name="prefixBits">How many bits of the first byte are its.</param>
    /// <param name="value">The integer, below 2^28.</param>
    /// <returns>How many bytes.</returns>
    public static int Write(Span<byte> room, byte first, int prefixBits, int value)
    {
        var mask = (1 << prefixBits) - 1;
        if (value < mask)
        {
            room[0] = (byte)(first | value);
            return 1;
        }

        room[0] = (byte)(first | mask);
        var at = 1;
        for (value -= mask; value >= 0x80; value >>= 7)
        {
            room[at++] = (byte)(value | 0x80);
        }

        room[at++] = (byte)value;
        return at;
    }
}
