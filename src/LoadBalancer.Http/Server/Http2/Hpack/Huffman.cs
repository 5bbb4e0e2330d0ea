namespace LoadBalancer.Http.Server.Http2.Hpack;

/// <summary>The Huffman code of HPACK (RFC 7541 section 5.2 and appendix B). Thread-safe, as it has no state.</summary>
/// <remarks>
/// The code is canonical: codes of one length follow one another in the order of their symbols, so the lengths say everything. Eleven bits at
/// a time are looked up, which decides every letter, digit and common mark at once; the few longer codes are found by their length.
/// </remarks>
internal static class Huffman
{
    private const int EndOfString = 256;
    private const int LongestBits = 30;
    private const int TableBits = 11;

    private static ReadOnlySpan<byte> Lengths =>
    [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
        28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
        5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
        6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
        24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
        21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
        19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
        26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ];

    // By length: the first code, aligned to the left of 32 bits; the place of its symbol in Symbols; the first code of the next length.
    private static readonly uint[] First = new uint[LongestBits + 1];
    private static readonly int[] Place = new int[LongestBits + 1];
    private static readonly ulong[] Limit = new ulong[LongestBits + 1];
    private static readonly short[] Symbols = new short[EndOfString + 1];
    private static readonly uint[] Codes = new uint[EndOfString + 1];

    // By the next bits: the length of the code and its symbol; 0 where the code is longer than this.
    private static readonly ushort[] Table = new ushort[1 << TableBits];

    static Huffman()
    {
        var (code, place) = (0u, 0);
        for (var length = 1; length <= LongestBits; length++)
        {
            code <<= 1;
            (First[length], Place[length]) = (code << (32 - length), place);
            for (var symbol = 0; symbol <= EndOfString; symbol++)
            {
                if (Lengths[symbol] == length)
                {
                    Symbols[place++] = (short)symbol;
                    Codes[symbol] = code;
                    if (length <= TableBits)
                    {
                        Table.AsSpan((int)(code << (TableBits - length)), 1 << (TableBits - length)).Fill((ushort)((length << 8) | symbol));
                    }

                    code++;
                }
            }

            Limit[length] = (ulong)code << (32 - length);
        }
    }

    /// <summary>The most bytes that <paramref name="length"/> bytes of code may mean.</summary>
    public static int MostDecoded(int length) => (length * 8 / 5) + 1;

    /// <summary>Decodes a whole string.</summary>
    /// <param name="code">The code with its padding.</param>
    /// <param name="text">Room for <see cref="MostDecoded"/>.</param>
    /// <returns>How many bytes it means; -1 where it is none.</returns>
    public static int Decode(ReadOnlySpan<byte> code, Span<byte> text)
    {
        // The next bits at the top, zeros behind the last.
        var (bits, count, at, length) = (0ul, 0, 0, 0);
        while (true)
        {
            while (count <= 56 && at < code.Length)
            {
                bits |= (ulong)code[at++] << (56 - count);
                count += 8;
            }

            var entry = Table[bits >> (64 - TableBits)];
            var (used, symbol) = (entry >> 8, entry & 0xff);
            if (entry == 0 && !TryFindLong((uint)(bits >> 32), out used, out symbol))
            {
                return -1;
            }

            if (used > count)
            {
                // RFC 7541 section 5.2: padding is less than a byte of ones, the beginning of the end of string.
                return count < 8 && (count == 0 || bits >> (64 - count) == (1ul << count) - 1) ? length : -1;
            }

            if (symbol == EndOfString)
            {
                return -1;
            }

            text[length++] = (byte)symbol;
            bits <<= used;
            count -= used;
        }
    }

    /// <summary>How many bytes the code of <paramref name="text"/> has.</summary>
    public static int LengthOf(ReadOnlySpan<byte> text)
    {
        var bits = 0;
        foreach (var symbol in text)
        {
            bits += Lengths[symbol];
        }

        return (bits + 7) / 8;
    }

    /// <summary>Encodes a string into room for <see cref="LengthOf"/>.</summary>
    public static int Encode(ReadOnlySpan<byte> text, Span<byte> code)
    {
        var (bits, count, length) = (0ul, 0, 0);
        foreach (var symbol in text)
        {
            bits = (bits << Lengths[symbol]) | Codes[symbol];
            count += Lengths[symbol];
            for (; count >= 8; count -= 8)
            {
                code[length++] = (byte)(bits >> (count - 8));
            }
        }

        if (count > 0)
        {
            code[length++] = (byte)((bits << (8 - count)) | (0xffu >> count));
        }

        return length;
    }

    private static bool TryFindLong(uint bits, out int length, out int symbol)
    {
        for (length = TableBits + 1; length <= LongestBits; length++)
        {
            if (bits < Limit[length])
            {
                symbol = Symbols[Place[length] + (int)((bits - First[length]) >> (32 - length))];
                return true;
            }
        }

        symbol = 0;
        return false;
    }
}
