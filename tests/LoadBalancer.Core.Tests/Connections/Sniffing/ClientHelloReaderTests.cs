using System.Text;
using LoadBalancer.Connections.Sniffing;

namespace LoadBalancer.Tests.Connections.Sniffing;

internal sealed class ClientHelloReaderTests
{
    [Test]
    public async Task Reads_the_name_that_a_real_client_asks_for()
    {
        var hello = await SampleHello.OfRealClientAsync("imap.example.com");
        Assert.That(Read(hello), Is.EqualTo((ClientHelloOutcome.Complete, "imap.example.com")));
        for (var split = 0; split < hello.Length; split++)
        {
            Assert.That(Read(hello[..split]).Outcome, Is.EqualTo(ClientHelloOutcome.Incomplete), $"the first {split} bytes");
        }
    }

    [TestCase("imap.example.com", "imap.example.com")]
    [TestCase("IMAP.Example.COM", "imap.example.com")]
    [TestCase("imap.example.com.", "imap.example.com")]
    [TestCase("localhost", "localhost")]
    [TestCase("xn--bcher-kva.example", "xn--bcher-kva.example")]
    [TestCase("_service.example", "_service.example")]
    [TestCase("1.2.3.4a", "1.2.3.4a")]
    [TestCase("1.2.3.4", "", Description = "a literal address is no name")]
    [TestCase("2001:db8::1", "")]
    [TestCase("a..b", "")]
    [TestCase(".a", "")]
    [TestCase(".", "")]
    [TestCase("a b", "")]
    [TestCase("a\0.example.com", "")]
    [TestCase("b\u00fccher.example", "")]
    [TestCase("*.example.com", "")]
    public void A_name_is_lower_case_and_one_that_a_host_may_have(string asked, string name) =>
        Assert.That(Read(SampleHello.For(asked)), Is.EqualTo((ClientHelloOutcome.Complete, name)));

    [Test]
    public void A_name_of_255_bytes_is_read_and_a_longer_one_is_none()
    {
        var name = string.Concat(Enumerable.Repeat("abcdefg.", 32))[..255];
        Assert.That(Read(SampleHello.For(name)), Is.EqualTo((ClientHelloOutcome.Complete, name)));
        Assert.That(Read(SampleHello.For(name + "x")), Is.EqualTo((ClientHelloOutcome.Complete, "")));
    }

    [Test]
    public void A_hello_without_a_name_is_whole()
    {
        Assert.That(Read(SampleHello.Of(SampleHello.Extension(16, [0, 3, 2, (byte)'h', (byte)'2']))), Is.EqualTo((ClientHelloOutcome.Complete, "")));
        Assert.That(Read(SampleHello.Of([])), Is.EqualTo((ClientHelloOutcome.Complete, "")));
        var unknownType = SampleHello.Extension(0, SampleHello.NameList((7, "other"u8.ToArray())));
        Assert.That(Read(SampleHello.Of(unknownType)), Is.EqualTo((ClientHelloOutcome.Complete, "")));
    }

    [Test]
    public void Before_TLS_1_3_the_extensions_may_be_missing()
    {
        byte[] body = [3, 1, .. new byte[32], 0, 0, 2, 0, 0x2F, 1, 0];
        Assert.That(Read(SampleHello.Records([1, 0, 0, (byte)body.Length, .. body], 100)), Is.EqualTo((ClientHelloOutcome.Complete, "")));
    }

    [Test]
    public void A_name_of_another_type_is_passed_over()
    {
        var extension = SampleHello.Extension(0, SampleHello.NameList((7, "other"u8.ToArray()), (0, "a.example"u8.ToArray())));
        Assert.That(Read(SampleHello.Of(extension)), Is.EqualTo((ClientHelloOutcome.Complete, "a.example")));
    }

    [Test]
    public void Two_names_are_malformed_however_they_are_sent()
    {
        Assert.That(Read(SampleHello.For("a.example", "b.example")).Outcome, Is.EqualTo(ClientHelloOutcome.Malformed));
        var extension = SampleHello.Extension(0, SampleHello.NameList((0, "a.example"u8.ToArray())));
        Assert.That(Read(SampleHello.Of([.. extension, .. extension])).Outcome, Is.EqualTo(ClientHelloOutcome.Malformed));
    }

    [Test]
    public void With_encrypted_client_hello_the_name_is_the_outer_one()
    {
        var outer = SampleHello.Extension(0, SampleHello.NameList((0, "public.example"u8.ToArray())));
        var encrypted = SampleHello.Extension(0xFE0D, [0, 0, 1, 0, 1, 7, 0, 0, .. Enumerable.Repeat((byte)0xAB, 300)]);
        Assert.That(Read(SampleHello.Of([.. encrypted, .. outer])), Is.EqualTo((ClientHelloOutcome.Complete, "public.example")));
    }

    [Test]
    public void Records_of_any_size_carry_it([Values(1, 2, 3, 7, 64, 200)] int recordBytes)
    {
        var message = SampleHello.Message(SampleHello.Extension(0, SampleHello.NameList((0, "a.example"u8.ToArray()))));
        var hello = SampleHello.Records(message, recordBytes);
        Assert.That(Read(hello), Is.EqualTo((ClientHelloOutcome.Complete, "a.example")));
        for (var split = 0; split < hello.Length; split++)
        {
            Assert.That(Read(hello[..split]).Outcome, Is.EqualTo(ClientHelloOutcome.Incomplete), $"the first {split} bytes");
        }
    }

    [Test]
    public void What_follows_in_the_same_record_is_not_looked_at()
    {
        byte[] message = [.. SampleHello.Message(SampleHello.Extension(0, SampleHello.NameList((0, "a.example"u8.ToArray())))), 1, 2, 3];
        Assert.That(Read([.. SampleHello.Records(message, 1000), 0xFF, 0xFF]), Is.EqualTo((ClientHelloOutcome.Complete, "a.example")));
    }

    [TestCase("GET / HTTP/1.1\r\n")]
    [TestCase("SSH-2.0-OpenSSH\r\n")]
    [TestCase("\u0080\u002e\u0001\u0000\u0002", Description = "SSL 2.0")]
    [TestCase("\u0016\u0002\u0000")]
    [TestCase("\u0015\u0003\u0001\u0000\u0002\u0001\u0000", Description = "an alert")]
    public void Other_protocols_are_not_TLS(string bytes) =>
        Assert.That(Read(Encoding.Latin1.GetBytes(bytes)).Outcome, Is.EqualTo(ClientHelloOutcome.NotTls));

    [Test]
    public void Refuses_what_breaks_the_rules_of_records_and_messages()
    {
        var message = SampleHello.Message([]);
        var hello = SampleHello.Records(message, 20);
        Assert.Multiple(() =>
        {
            Assert.That(Read([22, 3, 1, 0, 0]).Outcome, Is.EqualTo(ClientHelloOutcome.Malformed), "an empty record");
            Assert.That(Read([22, 3, 1, 0x40, 1, 1]).Outcome, Is.EqualTo(ClientHelloOutcome.Malformed), "a record over 16 KiB");
            Assert.That(Read([22, 3, 1, 0, 4, 2, 0, 0, 0]).Outcome, Is.EqualTo(ClientHelloOutcome.Malformed), "a ServerHello");
            Assert.That(Read([.. hello[..25], 23, .. hello[26..]]).Outcome, Is.EqualTo(ClientHelloOutcome.Malformed), "another record in between");
            Assert.That(Read(SampleHello.Records([.. message[..3], (byte)(message[3] + 1), .. message[4..], 0], 999)).Outcome, Is.EqualTo(ClientHelloOutcome.Malformed), "a byte too many");
            Assert.That(Read(SampleHello.Records([.. message[..3], (byte)(message[3] - 1), .. message[4..]], 999)).Outcome, Is.EqualTo(ClientHelloOutcome.Malformed), "a byte too few");
            Assert.That(Read(SampleHello.Records([.. message[..38], 255, .. message[39..]], 999)).Outcome, Is.EqualTo(ClientHelloOutcome.Malformed), "a session id beyond the end");
        });
    }

    [TestCase("0000", Description = "no list")]
    [TestCase("00020000")]
    [TestCase("000300000161", Description = "an item without its length")]
    [TestCase("0004000000", Description = "a list longer than its extension")]
    [TestCase("0005000003616263", Description = "an extension longer than its list")]
    [TestCase("0003000000", Description = "an empty name")]
    public void Refuses_a_list_of_names_that_does_not_fit(string data) =>
        Assert.That(Read(SampleHello.Of(SampleHello.Extension(0, Convert.FromHexString(data)))).Outcome, Is.EqualTo(ClientHelloOutcome.Malformed));

    [Test]
    public void A_hello_beyond_the_bound_is_too_long_and_is_not_waited_for()
    {
        Assert.That(Read([22, 3, 1, 0x40, 0, 1, 0, 0x40, 1]).Outcome, Is.EqualTo(ClientHelloOutcome.TooLong), "by its own length");
        var name = SampleHello.Extension(0, SampleHello.NameList((0, "a.example"u8.ToArray())));
        var largest = SampleHello.Of([.. SampleHello.Extension(0xFF99, new byte[ClientHelloReader.MaxBytes - 5 - SampleHello.Message([]).Length - name.Length - 4]), .. name]);
        Assert.That(largest, Has.Length.EqualTo(ClientHelloReader.MaxBytes));
        Assert.That(Read(largest), Is.EqualTo((ClientHelloOutcome.Complete, "a.example")));
        var inSmallRecords = SampleHello.Records(SampleHello.Message(SampleHello.Extension(0xFF99, new byte[12_000])), 1);
        Assert.That(Read(inSmallRecords).Outcome, Is.EqualTo(ClientHelloOutcome.TooLong), "by the heads of its records");
    }

    [Test]
    public void Garbage_is_never_more_than_refused([Values(1, 2, 3)] int seed)
    {
        var random = new Random(seed);
        var hellos = new[] { SampleHello.For("imap.example.com"), SampleHello.Records(SampleHello.Message(SampleHello.Extension(0, SampleHello.NameList((0, "a.b"u8.ToArray())))), 5) };
        for (var run = 0; run < 20_000; run++)
        {
            var bytes = (byte[])hellos[random.Next(hellos.Length)].Clone();
            for (var change = random.Next(1, 5); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var (outcome, name) = Read(bytes[..random.Next(bytes.Length + 1)]);
            Assert.That(name.Length == 0 || outcome == ClientHelloOutcome.Complete, Is.True);
            Assert.That(name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '_' or '.'), Is.True, name);
        }
    }

    [Test]
    public void Random_bytes_never_wait_beyond_the_bound([Values(1, 2)] int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[ClientHelloReader.MaxBytes];
        for (var run = 0; run < 500; run++)
        {
            random.NextBytes(bytes);
            (bytes[0], bytes[1], bytes[2], bytes[5]) = (22, 3, 1, 1);
            Assert.That(Read(bytes).Outcome, Is.Not.EqualTo(ClientHelloOutcome.Incomplete));
        }
    }

    [Test]
    public void Allocates_nothing()
    {
        var hello = SampleHello.For("imap.example.com");
        var name = new byte[ClientHelloReader.MaxNameBytes];
        Assert.That(
            Allocations.Of(() =>
            {
                for (var run = 0; run < 1000; run++)
                {
                    ClientHelloReader.Read(hello, name, out _);
                }
            }),
            Is.LessThan(1000));
    }

    private static (ClientHelloOutcome Outcome, string Name) Read(byte[] bytes)
    {
        Span<byte> name = stackalloc byte[ClientHelloReader.MaxNameBytes];
        var outcome = ClientHelloReader.Read(bytes, name, out var length);
        return (outcome, Encoding.ASCII.GetString(name[..length]));
    }
}
