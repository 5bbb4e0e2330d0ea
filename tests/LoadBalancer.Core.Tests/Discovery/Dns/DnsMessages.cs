using System.Buffers.Binary;
using System.Net;
using System.Text;
using LoadBalancer.Discovery.Dns;

namespace LoadBalancer.Tests.Discovery.Dns;

/// <summary>Writes answers of name servers by hand, as a test needs them; names are not compressed unless a test does it.</summary>
internal sealed class DnsMessages
{
    private readonly List<byte> _records = [];
    private readonly int[] _counts = new int[3];

    /// <summary>Sets the code, 0 to 15.</summary>
    public DnsResponseCode Code { get; set; }

    /// <summary>Sets TC.</summary>
    public bool Truncated { get; set; }

    public DnsMessages Address(string owner, string address, uint ttl = 60)
    {
        var bytes = IPAddress.Parse(address).GetAddressBytes();
        return Record(0, owner, bytes.Length == 4 ? DnsType.A : DnsType.Aaaa, ttl, bytes);
    }

    public DnsMessages Alias(string owner, string target, uint ttl = 60) => Record(0, owner, DnsType.Cname, ttl, Name(target));

    public DnsMessages Authority(uint ttl, uint minimum)
    {
        var numbers = new byte[20];
        BinaryPrimitives.WriteUInt32BigEndian(numbers.AsSpan(16), minimum);
        return Record(1, "internal", DnsType.Soa, ttl, [.. Name("ns.internal"), .. Name("root.internal"), .. numbers]);
    }

    public DnsMessages Record(int section, string owner, DnsType type, uint ttl, byte[] data)
    {
        var fixedPart = new byte[10];
        BinaryPrimitives.WriteUInt16BigEndian(fixedPart, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(fixedPart.AsSpan(2), DnsQuestion.Internet);
        BinaryPrimitives.WriteUInt32BigEndian(fixedPart.AsSpan(4), ttl);
        BinaryPrimitives.WriteUInt16BigEndian(fixedPart.AsSpan(8), (ushort)data.Length);
        _records.AddRange([.. Name(owner), .. fixedPart, .. data]);
        _counts[section]++;
        return this;
    }

    /// <summary>The answer to a question, given as it came from the wire.</summary>
    public byte[] To(ReadOnlySpan<byte> question)
    {
        var end = 12;
        while (question[end] != 0)
        {
            end += 1 + question[end];
        }

        byte[] message = [.. question[..(end + 5)], .. _records];
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)(0x8180 | (Truncated ? 0x0200 : 0) | (int)Code));
        for (var section = 0; section < 3; section++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6 + (2 * section)), (ushort)_counts[section]);
        }

        return message;
    }

    /// <summary>The name and the type that a question from the wire asks for.</summary>
    public static (string Name, DnsType Type) Asked(ReadOnlySpan<byte> question)
    {
        var labels = new List<string>();
        var at = 12;
        for (; question[at] != 0; at += 1 + question[at])
        {
            labels.Add(Encoding.ASCII.GetString(question.Slice(at + 1, question[at])));
        }

        return (string.Join('.', labels), (DnsType)BinaryPrimitives.ReadUInt16BigEndian(question[(at + 1)..]));
    }

    public static byte[] Name(string name) =>
        [.. name.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => Encoding.Latin1.GetBytes(label).Prepend((byte)label.Length)), 0];
}
