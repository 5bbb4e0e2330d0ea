using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Connections.ProxyProtocol;

namespace LoadBalancer.Tests.Connections.ProxyProtocol;

internal sealed class ProxyHeaderWriterTests
{
    [TestCase("192.0.2.1:56324", "198.51.100.2:443", "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n")]
    [TestCase("[2001:db8::1]:1", "[2001:db8::2]:65535", "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n")]
    [TestCase("[fe80::1%7]:1", "[fe80::2%7]:2", "PROXY TCP6 fe80::1 fe80::2 1 2\r\n", Description = "a scope is this machine's")]
    [TestCase("[::ffff:192.0.2.1]:1", "198.51.100.2:2", "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\n")]
    [TestCase("192.0.2.1:1", "[2001:db8::2]:2", "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n")]
    public void Writes_version_1(string source, string destination, string line) =>
        Assert.That(Encoding.ASCII.GetString(Write(ProxyVersion.V1, IPEndPoint.Parse(source), IPEndPoint.Parse(destination))), Is.EqualTo(line));

    [Test]
    public void Writes_what_is_not_known_as_unknown()
    {
        var unix = new UnixDomainSocketEndPoint("/run/x.sock");
        Assert.That(Write(ProxyVersion.V1, null, unix), Is.EqualTo("PROXY UNKNOWN\r\n"u8.ToArray()));
        Assert.That(Write(ProxyVersion.V2, unix, unix, 0xEA, 0, 0), Is.EqualTo((byte[])[.. BinaryProxyHeader.Signature, 0x21, 0, 0, 0]));
    }

    [Test]
    public void Writes_our_own_connections_as_local()
    {
        var into = new byte[ProxyHeaderWriter.MaxBytes];
        Assert.That(into[..ProxyHeaderWriter.WriteLocal(ProxyVersion.V1, into)], Is.EqualTo("PROXY UNKNOWN\r\n"u8.ToArray()));
        Assert.That(into[..ProxyHeaderWriter.WriteLocal(ProxyVersion.V2, into)], Is.EqualTo((byte[])[.. BinaryProxyHeader.Signature, 0x20, 0, 0, 0]));
    }

    [TestCase(ProxyVersion.V1, "192.0.2.1:56324", "198.51.100.2:443")]
    [TestCase(ProxyVersion.V2, "192.0.2.1:56324", "198.51.100.2:443")]
    [TestCase(ProxyVersion.V1, "[2001:db8::1]:0", "[::]:65535")]
    [TestCase(ProxyVersion.V2, "[2001:db8::1]:0", "[::]:65535")]
    public void What_is_written_is_read_again(ProxyVersion version, string source, string destination)
    {
        var bytes = Write(version, IPEndPoint.Parse(source), IPEndPoint.Parse(destination));
        Assert.That(ProxyHeaderReader.Read(bytes, out var length, out var header), Is.EqualTo(ProxyHeaderOutcome.Complete));
        Assert.That((length, header.Version, header.Source?.ToString(), header.Destination?.ToString()), Is.EqualTo((bytes.Length, version, source, destination)));
    }

    [Test]
    public void An_address_of_each_family_makes_both_IPv6()
    {
        var bytes = Write(ProxyVersion.V2, IPEndPoint.Parse("192.0.2.1:1"), IPEndPoint.Parse("[2001:db8::2]:2"));
        ProxyHeaderReader.Read(bytes, out _, out var header);
        Assert.That((header.Source?.ToString(), header.Destination?.ToString()), Is.EqualTo(("[::ffff:192.0.2.1]:1", "[2001:db8::2]:2")));
    }

    [Test]
    public void TLVs_are_passed_on_and_a_checksum_among_them_is_right_again()
    {
        byte[] tlvs = [0xEA, 0, 3, 1, 2, 3, 0x03, 0, 4, 9, 9, 9, 9, 0x04, 0, 0];
        var bytes = Write(ProxyVersion.V2, IPEndPoint.Parse("[2001:db8::1]:1"), IPEndPoint.Parse("[2001:db8::2]:2"), tlvs);
        Assert.That(ProxyHeaderReader.Read(bytes, out _, out var header), Is.EqualTo(ProxyHeaderOutcome.Complete));
        Assert.That(header.Tlvs, Has.Length.EqualTo(tlvs.Length));
        Assert.That(header.Tlvs![..9], Is.EqualTo(tlvs[..9]));
        Assert.That(header.Tlvs[9..13], Is.Not.EqualTo(tlvs[9..13]));
        Assert.That(header.Tlvs[13..], Is.EqualTo(tlvs[13..]));
    }

    [Test]
    public void Allocates_nothing([Values] ProxyVersion version)
    {
        var into = new byte[ProxyHeaderWriter.MaxBytes];
        IPEndPoint source = IPEndPoint.Parse("[2001:db8::1]:1"), destination = IPEndPoint.Parse("192.0.2.1:2");
        Assert.That(
            Allocations.Of(() =>
            {
                for (var run = 0; run < 1000; run++)
                {
                    ProxyHeaderWriter.Write(version, source, destination, [0xEA, 0, 0], into);
                }
            }),
            Is.LessThan(1000));
    }

    private static byte[] Write(ProxyVersion version, EndPoint? source, EndPoint? destination, params byte[] tlvs)
    {
        var into = new byte[ProxyHeaderWriter.MaxBytes];
        return into[..ProxyHeaderWriter.Write(version, source, destination, tlvs, into)];
    }
}
