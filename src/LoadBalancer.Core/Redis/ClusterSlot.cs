namespace LoadBalancer.Redis;

/// <summary>Which slot of a cluster a key is in (Redis cluster specification, "Key distribution model"). Pure.</summary>
internal static class ClusterSlot
{
    /// <summary>How many there are.</summary>
    public const int Count = 16384;

    private static readonly ushort[] Table = MakeTable();

    /// <summary>The slot of a key: of what is in its first braces, where there is something in them, else of all of it.</summary>
    public static int Of(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        if (open >= 0 && key[(open + 1)..].IndexOf((byte)'}') is var length and > 0)
        {
            key = key.Slice(open + 1, length);
        }

        // CRC16 of XMODEM: 0x1021, from 0, bits as they are.
        ushort sum = 0;
        foreach (var each in key)
        {
            sum = (ushort)((sum << 8) ^ Table[((sum >> 8) ^ each) & 0xff]);
        }

        return sum & (Count - 1);
    }

    private static ushort[] MakeTable()
    {
        var table = new ushort[256];
        for (var value = 0; value < table.Length; value++)
        {
            var sum = (ushort)(value << 8);
            for (var bit = 0; bit < 8; bit++)
            {
                sum = (ushort)((sum & 0x8000) != 0 ? (sum << 1) ^ 0x1021 : sum << 1);
            }

            table[value] = sum;
        }

        return table;
    }
}
