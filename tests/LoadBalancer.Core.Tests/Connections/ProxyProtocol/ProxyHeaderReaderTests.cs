using System.Net;
using System.Text;
using LoadBalancer.Connections.ProxyProtocol;

namespace LoadBalancer.Tests.Connections.ProxyProtocol;

internal sealed class ProxyHeaderReaderTests
{
    private const byte Local = 0x20;
    private const byte Proxy = 0x21;

    [TestCase("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", "192.0.2.1:56324", "198.51.100.2:443")]
    [TestCase("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535", "255.255.255.255:65535")]
    [TestCase("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0", "0.0.0.0:0")]
    [TestCase("PROXY TCP6 2001:db8::1 2001:DB8::2 1 2\r\n", "[2001:db8::1]:1", "[2001:db8::2]:2")]
    [TestCase("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "[::ffff:192.0.2.1]:1", "[::1]:2")]
    [TestCase("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535")]
    [TestCase("PROXY UNKNOWN\r\n", null, null)]
    [TestCase("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", null, null)]
    [TestCase("PROXY UNKNOWN anything at all\r\n", null, null)]
    public void Reads_version_1(string line, string? source, string? destination)
    {
        Assert.That(Read(Encoding.ASCII.GetBytes(line + "GET /"), out var length, out var header), Is.EqualTo(ProxyHeaderOutcome.Complete));
        Assert.That(length, Is.EqualTo(line.Length));
        Assert.That((header.Version, header.IsLocal, header.Source?.ToString(), header.Destination?.ToString(), header.Tlvs),
            Is.EqualTo((ProxyVersion.V1, false, source, destination, (byte[]?)null)));
    }

    [TestCase("PROXY \r\n")]
    [TestCase("PROXY TCP4\r\n")]
    [TestCase("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY UNKNOWNX\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", Description = "no CR")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n")]
    [TestCase("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4\t1.2.3.4 1 2\r\n")]
    [TestCase("PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n", Description = "octal to some")]
    [TestCase("PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY TCP4 16909060 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY TCP4 0x1.2.3.4 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY TCP4 ::1 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n")]
    [TestCase("PROXY TCP6 1.2.3.4 ::1 1 2\r\n")]
    [TestCase("PROXY TCP6 fe80::1%1 ::1 1 2\r\n")]
    [TestCase("PROXY TCP6 [::1] ::1 1 2\r\n")]
    [TestCase("PROXY TCP6 ::1/64 ::1 1 2\r\n")]
    [TestCase("PROXY TCP6 :::1 ::1 1 2\r\n")]
    public void Refuses_a_line_that_breaks_the_rules_of_version_1(string line) =>
        Assert.That(Read(Encoding.ASCII.GetBytes(line), out _, out _), Is.EqualTo(ProxyHeaderOutcome.Invalid));

    [Test]
    public void Refuses_a_line_of_more_than_107_bytes()
    {
        var line = Encoding.ASCII.GetBytes("PROXY UNKNOWN " + new string('x', 200));
        Assert.That(Read(line[..106], out _, out _), Is.EqualTo(ProxyHeaderOutcome.Incomplete));
        Assert.That(Read(line[..107], out _, out _), Is.EqualTo(ProxyHeaderOutcome.Invalid));
        (line[105], line[106]) = ((byte)'\r', (byte)'\n');
        Assert.That(Read(line, out var length, out _), Is.EqualTo(ProxyHeaderOutcome.Complete));
        Assert.That(length, Is.EqualTo(107));
    }

    [TestCase("GET / HTTP/1.1\r\n")]
    [TestCase("proxy TCP4 ")]
    [TestCase("PROXYTCP4")]
    [TestCase("PROX\n")]
    [TestCase("\r\n\r\n\0\r\nQUIX\n")]
    [TestCase("\r\nG")]
    public void Other_bytes_are_no_header(string bytes) =>
        Assert.That(Read(Encoding.ASCII.GetBytes(bytes), out _, out _), Is.EqualTo(ProxyHeaderOutcome.Missing));

    [Test]
    public void Reads_version_2_over_IPv4()
    {
        var tlvs = Convert.FromHexString("EA0003010203" + "040000");
        var bytes = Binary(Proxy, 0x11, [192, 0, 2, 1, 198, 51, 100, 2, 0xDC, 0x04, 0x01, 0xBB, .. tlvs]);
        Assert.That(Read([.. bytes, 1, 2, 3], out var length, out var header), Is.EqualTo(ProxyHeaderOutcome.Complete));
        Assert.That((length, header.Version, header.IsLocal), Is.EqualTo((bytes.Length, ProxyVersion.V2, false)));
        Assert.That((header.Source, header.Destination), Is.EqualTo((IPEndPoint.Parse("192.0.2.1:56324"), IPEndPoint.Parse("198.51.100.2:443"))));
        Assert.That(header.Tlvs, Is.EqualTo(tlvs));
    }

    [TestCase(0x21)]
    [TestCase(0x22, Description = "a datagram's addresses are addresses")]
    public void Reads_version_2_over_IPv6(int family)
    {
        var source = IPEndPoint.Parse("[2001:db8::1]:1000");
        var destination = IPEndPoint.Parse("[2001:db8::2]:2000");
        var bytes = Binary(Proxy, (byte)family, [.. source.Address.GetAddressBytes(), .. destination.Address.GetAddressBytes(), 0x03, 0xE8, 0x07, 0xD0]);
        Assert.That(Read(bytes, out _, out var header), Is.EqualTo(ProxyHeaderOutcome.Complete));
        Assert.That((header.Source, header.Destination, header.Tlvs), Is.EqualTo((source, destination, (byte[]?)null)));
    }

    [Test]
    public void Of_Unix_sockets_only_the_TLVs_are_told()
    {
        var body = new byte[216 + 3];
        body.AsSpan(0, 216).Fill(0xE9);
        body[216] = 0xEA;
        Assert.That(Read(Binary(Proxy, 0x31, body), out var length, out var header), Is.EqualTo(ProxyHeaderOutcome.Complete));
        Assert.That((length, header.Source, header.Destination), Is.EqualTo((16 + 219, (IPEndPoint?)null, (IPEndPoint?)null)));
        Assert.That(header.Tlvs, Is.EqualTo((byte[])[0xEA, 0, 0]));
    }

    [TestCase(Local, 0x00, 0)]
    [TestCase(Local, 0xFF, 7, Description = "what is discarded breaks no rule")]
    [TestCase(Proxy, 0x00, 0)]
    [TestCase(Proxy, 0x00, 20)]
    [TestCase(Proxy, 0x10, 12)]
    public void Tells_no_address_where_there_is_none_to_believe(byte command, int family, int bytes)
    {
        Assert.That(Read(Binary(command, (byte)family, new byte[bytes]), out var length, out var header), Is.EqualTo(ProxyHeaderOutcome.Complete));
        Assert.That((length, header.IsLocal, header.Source, header.Destination, header.Tlvs),
            Is.EqualTo((16 + bytes, command == Local, (IPEndPoint?)null, (IPEndPoint?)null, (byte[]?)null)));
    }

    [TestCase(0x11, 0x11, 12, Description = "version 1 in binary")]
    [TestCase(0x31, 0x11, 12)]
    [TestCase(0x22, 0x11, 12, Description = "a command that does not exist")]
    [TestCase(0x21, 0x41, 12, Description = "a family that does not exist")]
    [TestCase(0x21, 0x13, 12, Description = "a transport that does not exist")]
    [TestCase(0x21, 0x11, 11)]
    [TestCase(0x21, 0x21, 35)]
    [TestCase(0x21, 0x31, 215)]
    [TestCase(0x21, 0x11, 13, Description = "a TLV of one byte")]
    [TestCase(0x21, 0x11, 4081, Description = "beyond the bound")]
    public void Refuses_what_version_2_does_not_have(byte command, byte family, int bytes) =>
        Assert.That(Read(Binary(command, family, new byte[bytes]), out _, out _), Is.EqualTo(ProxyHeaderOutcome.Invalid));

    [Test]
    public void Refuses_a_TLV_that_does_not_fit()
    {
        Assert.That(Read(Binary(Proxy, 0x11, [.. new byte[12], 0xEA, 0, 3, 1, 2]), out _, out _), Is.EqualTo(ProxyHeaderOutcome.Invalid));
        Assert.That(Read(Binary(Proxy, 0x11, [.. new byte[12], 0xEA, 0, 2, 1, 2]), out _, out _), Is.EqualTo(ProxyHeaderOutcome.Complete));
    }

    [Test]
    public void Takes_a_header_up_to_the_bound_and_refuses_a_longer_one_by_its_length_alone()
    {
        var tlv = new byte[4096 - 16 - 12];
        (tlv[0], tlv[1], tlv[2]) = (0xEA, (byte)((tlv.Length - 3) >> 8), (byte)(tlv.Length - 3));
        Assert.That(Read(Binary(Proxy, 0x11, [.. new byte[12], .. tlv]), out var length, out _), Is.EqualTo(ProxyHeaderOutcome.Complete));
        Assert.That(length, Is.EqualTo(4096));
        Assert.That(Read(Binary(Proxy, 0x11, new byte[65535])[..16], out _, out _), Is.EqualTo(ProxyHeaderOutcome.Invalid));
    }

    [Test]
    public void Verifies_a_checksum()
    {
        // CRC32c of the header with the field as 0, computed by hand with the polynomial 0x82F63B78.
        var bytes = Binary(Proxy, 0x11, [192, 0, 2, 1, 198, 51, 100, 2, 0xDC, 0x04, 0x01, 0xBB, 0x03, 0x00, 0x04, 0, 0, 0, 0]);
        var crc = SlowCrc32C(bytes);
        (bytes[^4], bytes[^3], bytes[^2], bytes[^1]) = ((byte)(crc >> 24), (byte)(crc >> 16), (byte)(crc >> 8), (byte)crc);
        Assert.That(Read(bytes, out _, out _), Is.EqualTo(ProxyHeaderOutcome.Complete));
        bytes[20] ^= 1;
        Assert.That(Read(bytes, out _, out _), Is.EqualTo(ProxyHeaderOutcome.Invalid));
        Assert.That(Read(Binary(Proxy, 0x11, [.. new byte[12], 0x03, 0, 3, 1, 2, 3]), out _, out _), Is.EqualTo(ProxyHeaderOutcome.Invalid), "a checksum has four bytes");
        Assert.That(SlowCrc32C("123456789"u8), Is.EqualTo(0xE3069283), "the check value of CRC-32C");
    }

    [TestCaseSource(nameof(Headers))]
    public void Wants_more_at_every_split_and_looks_at_no_byte_behind(byte[] bytes)
    {
        for (var split = 0; split < bytes.Length; split++)
        {
            Assert.That(Read(bytes[..split], out _, out _), Is.EqualTo(ProxyHeaderOutcome.Incomplete), $"the first {split} bytes");
        }

        var random = new Random(1);
        var behind = new byte[300];
        for (var run = 0; run < 50; run++)
        {
            random.NextBytes(behind);
            Assert.That(Read([.. bytes, .. behind], out var length, out _), Is.EqualTo(ProxyHeaderOutcome.Complete));
            Assert.That(length, Is.EqualTo(bytes.Length));
        }
    }

    [Test]
    public void Garbage_is_never_more_than_refused([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        var headers = Headers().ToArray();
        for (var run = 0; run < 20_000; run++)
        {
            var bytes = (byte[])headers[random.Next(headers.Length)].Clone();
            for (var change = random.Next(1, 5); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bytes = bytes[..random.Next(bytes.Length + 1)];
            var outcome = Read(bytes, out var length, out var header);
            if (outcome == ProxyHeaderOutcome.Complete)
            {
                Assert.That(length, Is.InRange(1, bytes.Length));
            }
            else
            {
                Assert.That((length, header), Is.EqualTo((0, default(ProxyHeader))));
            }
        }
    }

    [Test]
    public void Never_waits_beyond_its_bound([Values(1, 2)] int seed)
    {
        var random = new Random(seed);
        for (var run = 0; run < 2_000; run++)
        {
            var bytes = new byte[ProxyHeaderReader.MaxBytes];
            random.NextBytes(bytes);
            var signature = run % 2 == 0 ? TextProxyHeader.Signature : BinaryProxyHeader.Signature;
            signature.CopyTo(bytes);
            Assert.That(Read(bytes, out _, out _), Is.Not.EqualTo(ProxyHeaderOutcome.Incomplete));
        }
    }

    internal static IEnumerable<byte[]> Headers()
    {
        yield return "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"u8.ToArray();
        yield return "PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"u8.ToArray();
        yield return "PROXY UNKNOWN\r\n"u8.ToArray();
        yield return Binary(Local, 0x00, []);
        yield return Binary(Proxy, 0x11, [192, 0, 2, 1, 198, 51, 100, 2, 0xDC, 0x04, 0x01, 0xBB, 0xEA, 0, 2, 1, 2, 0x01, 0, 2, (byte)'h', (byte)'2']);
        yield return Binary(Proxy, 0x21, new byte[36]);
        yield return Binary(Proxy, 0x31, [.. "/a"u8, .. new byte[214]]);
    }

    private static ProxyHeaderOutcome Read(byte[] bytes, out int length, out ProxyHeader header) => ProxyHeaderReader.Read(bytes, out length, out header);

    private static byte[] Binary(byte command, byte family, byte[] body) =>
        [.. BinaryProxyHeader.Signature, command, family, (byte)(body.Length >> 8), (byte)body.Length, .. body];

    private static uint SlowCrc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) == 1 ? 0x82F63B78 : 0);
            }
        }

        return ~crc;
    }
}
