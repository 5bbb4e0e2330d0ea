using System.Buffers.Binary;
using LoadBalancer.Discovery.Dns;

namespace LoadBalancer.Tests.Discovery.Dns;

internal sealed class DnsReplyReaderTests
{
    private static readonly DnsQuestion Question = Ask("orders.internal", DnsType.A);

    [Test]
    public void Reads_the_addresses_and_the_least_lifetime()
    {
        var reply = Good(new DnsMessages().Address("orders.internal", "10.0.0.2", 300).Address("ORDERS.internal", "10.0.0.1", 30).Address("other.internal", "10.0.0.9", 1));

        Assert.That(reply.Addresses.Select(address => address.ToString()), Is.EqualTo(new[] { "10.0.0.2", "10.0.0.1" }));
        Assert.That((reply.Code, reply.Ttl), Is.EqualTo((DnsResponseCode.NoError, TimeSpan.FromSeconds(30))));
    }

    [Test]
    public void Follows_a_chain_in_whatever_order_it_stands()
    {
        var reply = Good(new DnsMessages().Address("c.internal", "10.0.0.3", 90).Alias("b.internal", "c.internal", 20).Alias("orders.internal", "b.internal", 50));

        Assert.That((reply.Addresses.Single().ToString(), reply.Ttl), Is.EqualTo(("10.0.0.3", TimeSpan.FromSeconds(20))));
    }

    [Test]
    public void Ends_in_a_circle_of_aliases() =>
        Assert.That(Read(new DnsMessages().Alias("orders.internal", "b.internal").Alias("b.internal", "orders.internal"), out _), Is.EqualTo(DnsReading.Malformed));

    [TestCase(300u, 60u, 60)]
    [TestCase(10u, 60u, 10)]
    public void Takes_the_lifetime_of_an_answer_without_address_from_the_zone(uint ttl, uint minimum, int seconds)
    {
        var reply = Good(new DnsMessages { Code = DnsResponseCode.NxDomain }.Authority(ttl, minimum));

        Assert.That((reply.Code, reply.Addresses.Length, reply.Ttl), Is.EqualTo((DnsResponseCode.NxDomain, 0, TimeSpan.FromSeconds(seconds))));
    }

    [Test]
    public void Knows_no_lifetime_where_nothing_says_one() => Assert.That(Good(new DnsMessages()).Ttl, Is.Null);

    [Test]
    public void Takes_a_lifetime_with_the_highest_bit_for_none() =>
        Assert.That(Good(new DnsMessages().Address("orders.internal", "10.0.0.1", 0x8000_0001)).Ttl, Is.EqualTo(TimeSpan.Zero));

    [Test]
    public void Reads_a_code_that_EDNS_extends() =>
        Assert.That((int)Good(new DnsMessages().Record(2, "", DnsType.Opt, 0x0100_0000, [])).Code, Is.EqualTo(16), "BADVERS");

    [Test]
    public void Says_when_the_answer_did_not_fit() => Assert.That(Good(new DnsMessages { Truncated = true }).IsTruncated, Is.True);

    [Test]
    public void Is_deaf_to_another_number_another_question_and_to_what_is_no_answer()
    {
        var answer = new DnsMessages().Address("orders.internal", "10.0.0.1");
        var good = answer.To(Question.Write(extended: true));
        Assert.Multiple(() =>
        {
            Assert.That(DnsReplyReader.Read(good, Question with { Id = 8 }, out _), Is.EqualTo(DnsReading.NotOurs));
            Assert.That(DnsReplyReader.Read(good, Question with { Type = DnsType.Aaaa }, out _), Is.EqualTo(DnsReading.NotOurs));
            Assert.That(DnsReplyReader.Read(good, Ask("other.internal", DnsType.A), out _), Is.EqualTo(DnsReading.NotOurs));
            Assert.That(DnsReplyReader.Read(Question.Write(extended: true), Question, out _), Is.EqualTo(DnsReading.NotOurs), "our own question");
            Assert.That(DnsReplyReader.Read([], Question, out _), Is.EqualTo(DnsReading.NotOurs));
        });
    }

    [Test]
    public void Takes_a_refusal_without_the_question_for_ours_only_where_the_question_could_not_be_read()
    {
        var bare = new byte[12];
        BinaryPrimitives.WriteUInt16BigEndian(bare, Question.Id);
        bare[2] = 0x80;
        bare[3] = (byte)DnsResponseCode.FormErr;
        Assert.That(DnsReplyReader.Read(bare, Question, out var reply), Is.EqualTo(DnsReading.Good));
        Assert.That(reply!.Code, Is.EqualTo(DnsResponseCode.FormErr));

        bare[3] = (byte)DnsResponseCode.NxDomain;
        Assert.That(DnsReplyReader.Read(bare, Question, out _), Is.EqualTo(DnsReading.NotOurs));
    }

    [Test]
    public void Reads_compressed_names()
    {
        var message = new DnsMessages().Record(0, "x", DnsType.A, 60, [10, 0, 0, 1]).To(Question.Write(extended: false));
        var owner = message.Length - 17;
        byte[] compressed = [.. message[..owner], 0xc0, 12, .. message[(owner + 3)..]];
        Assert.That(DnsReplyReader.Read(compressed, Question, out var reply), Is.EqualTo(DnsReading.Good));
        Assert.That(reply!.Addresses.Single().ToString(), Is.EqualTo("10.0.0.1"));

        // To itself, forwards, and to a place beyond the message.
        foreach (var target in new[] { owner, owner + 2, 0x3fff })
        {
            (compressed[owner], compressed[owner + 1]) = ((byte)(0xc0 | (target >> 8)), (byte)target);
            Assert.That(DnsReplyReader.Read(compressed, Question, out _), Is.EqualTo(DnsReading.Malformed), $"a pointer to {target}");
        }
    }

    [Test]
    public void Refuses_what_is_cut_off_anywhere()
    {
        var whole = new DnsMessages().Alias("orders.internal", "b.internal").Address("b.internal", "10.0.0.1").Authority(1, 1).To(Question.Write(extended: true));
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.That(DnsReplyReader.Read(whole.AsSpan(0, length), Question, out var reply), Is.Not.EqualTo(DnsReading.Good), $"{length} bytes");
            Assert.That(reply, Is.Null);
        }
    }

    [Test]
    public void Neither_throws_nor_hangs_on_random_bytes()
    {
        var random = new Random(4711);
        for (var run = 0; run < 50_000; run++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (bytes.Length > 4)
            {
                // Far enough to be read at all.
                (bytes[0], bytes[1], bytes[2]) = (0, 7, (byte)(0x80 | (bytes[2] & 0x05)));
            }

            DnsReplyReader.Read(bytes, Question, out _);
        }
    }

    [Test]
    public void Neither_throws_nor_hangs_on_mutated_answers()
    {
        var random = new Random(4712);
        var whole = new DnsMessages().Alias("orders.internal", "b.internal").Address("b.internal", "10.0.0.1").Authority(1, 1)
            .Record(2, "", DnsType.Opt, 0, [0, 10, 0, 2, 1, 2]).To(Question.Write(extended: true));
        var read = new HashSet<DnsReading>();
        for (var run = 0; run < 100_000; run++)
        {
            var bytes = whole.ToArray();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)(0xc0 | random.Next(64)) : (byte)random.Next(256);
            }

            read.Add(DnsReplyReader.Read(bytes.AsSpan(0, random.Next(4) == 0 ? random.Next(bytes.Length) : bytes.Length), Question, out _));
        }

        Assert.That(read, Has.Count.EqualTo(3), "the mutations reach every end");
    }

    [Test]
    public void Is_quick_with_the_largest_message_that_is_all_aliases()
    {
        var answer = new DnsMessages();
        for (var alias = 0; alias < 2000; alias++)
        {
            answer.Alias($"a{alias}.x", $"a{alias + 1}.x");
        }

        Assert.That(Read(answer.Alias("orders.internal", "a0.x"), out _), Is.EqualTo(DnsReading.Malformed));
    }

    private static DnsQuestion Ask(string name, DnsType type) => new(7, DnsName.TryParse(name, out var whole) ? whole : throw new ArgumentException(name), type);

    private static DnsReading Read(DnsMessages answer, out DnsReply? reply) => DnsReplyReader.Read(answer.To(Question.Write(extended: true)), Question, out reply);

    private static DnsReply Good(DnsMessages answer)
    {
        Assert.That(Read(answer, out var reply), Is.EqualTo(DnsReading.Good));
        return reply!;
    }
}
