using System.Buffers.Binary;

namespace LoadBalancer.Discovery.Dns;

/// <summary>One question to a name server.</summary>
/// <param name="Id">What the answer has to repeat, drawn at random for each message.</param>
/// <param name="Name">The whole name.</param>
/// <param name="Type">The type of its records that is asked for.</param>
internal sealed record DnsQuestion(ushort Id, DnsName Name, DnsType Type)
{
    /// <summary>The class of the Internet, the only one in use.</summary>
    public const ushort Internet = 1;

    /// <summary>
    /// The largest answer that is asked for over UDP. It fits into the smallest packet of IPv6, so that no answer comes in
    /// fragments, which are lost or forged more easily; a larger one is fetched over TCP.
    /// </summary>
    public const ushort LargestDatagram = 1232;

    private const ushort RecursionDesired = 0x0100;

    /// <summary>The message.</summary>
    /// <param name="extended">Whether to say with EDNS how large an answer may be (RFC 6891); some servers do not know it.</param>
    public byte[] Write(bool extended)
    {
        var name = Name.Wire;
        var message = new byte[12 + name.Length + 4 + (extended ? 11 : 0)];
        BinaryPrimitives.WriteUInt16BigEndian(message, Id);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), RecursionDesired);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(10), (ushort)(extended ? 1 : 0));
        name.CopyTo(message.AsSpan(12));
        var rest = message.AsSpan(12 + name.Length);
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)Type);
        BinaryPrimitives.WriteUInt16BigEndian(rest[2..], Internet);
        if (extended)
        {
            // The root, the type, and the size in the place of the class; version, flags and data are 0.
            BinaryPrimitives.WriteUInt16BigEndian(rest[5..], (ushort)DnsType.Opt);
            BinaryPrimitives.WriteUInt16BigEndian(rest[7..], LargestDatagram);
        }

        return message;
    }
}
