using System.Buffers.Binary;
using System.Numerics;

namespace LoadBalancer.Connections.ProxyProtocol;

/// <summary>The TLVs of a v2 header: a type of one byte, a length of two, a value (doc/proxy-protocol.txt, section 2.2).</summary>
internal static class ProxyTlvs
{
    private const int HeadBytes = 3;

    /// <summary>PP2_TYPE_CRC32C: a checksum of the whole header, its own four bytes taken as 0.</summary>
    private const byte Checksum = 0x03;

    /// <summary>True where the TLVs fill their place and a checksum among them is right.</summary>
    /// <param name="header">The whole header.</param>
    /// <param name="start">Where its TLVs begin.</param>
    public static bool AreValid(ReadOnlySpan<byte> header, int start)
    {
        for (var at = start; at < header.Length;)
        {
            if (header.Length - at < HeadBytes)
            {
                return false;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(header[(at + 1)..]);
            var value = at + HeadBytes;
            if (length > header.Length - value
                || (header[at] == Checksum && (length != sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(header[value..]) != ChecksumOf(header, value))))
            {
                return false;
            }

            at = value + length;
        }

        return true;
    }

    /// <summary>Computes the checksum anew, where the TLVs have one: the addresses or the length around them may have changed.</summary>
    /// <param name="header">A whole header with valid TLVs.</param>
    /// <param name="start">Where its TLVs begin.</param>
    public static void Seal(Span<byte> header, int start)
    {
        for (var at = start; at < header.Length;)
        {
            var value = at + HeadBytes;
            if (header[at] == Checksum)
            {
                BinaryPrimitives.WriteUInt32BigEndian(header[value..], ChecksumOf(header, value));
            }

            at = value + BinaryPrimitives.ReadUInt16BigEndian(header[(at + 1)..]);
        }
    }

    /// <summary>CRC32c (RFC 4960, appendix B) of <paramref name="header"/> with the four bytes at <paramref name="field"/> as 0.</summary>
    private static uint ChecksumOf(ReadOnlySpan<byte> header, int field)
    {
        var crc = uint.MaxValue;
        for (var at = 0; at < header.Length; at++)
        {
            crc = BitOperations.Crc32C(crc, (uint)(at - field) < sizeof(uint) ? (byte)0 : header[at]);
        }

        return ~crc;
    }
}
