using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http2.Hpack;

namespace LoadBalancer.Http.Tests.Server.Http2.Hpack;

/// <summary>Header blocks, those of RFC 7541 appendix C first.</summary>
public sealed class HpackDecoderTests
{
    // Appendix C.3: three requests on one connection, without Huffman's code; C.4: the same with it.
    [TestCase("828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865", "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565")]
    [TestCase("828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf", "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf")]
    public void The_requests_of_the_RFC(string first, string second, string third)
    {
        var decoder = new HpackDecoder();
        Assert.That(Decode(decoder, first), Is.EqualTo(new[] { ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com" }));
        Assert.That((decoder.Table.Count, decoder.Table.Size), Is.EqualTo((1, 57)));
        Assert.That(Decode(decoder, second), Is.EqualTo(new[] { ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache" }));
        Assert.That((decoder.Table.Count, decoder.Table.Size), Is.EqualTo((2, 110)));
        Assert.That(Decode(decoder, third), Is.EqualTo(new[] { ":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value" }));
        Assert.That((decoder.Table.Count, decoder.Table.Size), Is.EqualTo((3, 164)));
    }

    // Appendices C.5 and C.6: three responses with a table of 256 bytes, in which the later ones push the earlier ones out.
    [TestCase(
        "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
        "4803333037c1c0bf",
        "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31")]
    [TestCase(
        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
        "4883640effc1c0bf",
        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007")]
    public void The_responses_of_the_RFC(string first, string second, string third)
    {
        var decoder = new HpackDecoder();
        Assert.That(Decode(decoder, "3fe101" + first), Is.EqualTo(new[] { ":status: 302", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com" }));
        Assert.That((decoder.Table.Count, decoder.Table.Size), Is.EqualTo((4, 222)));
        Assert.That(Decode(decoder, second), Is.EqualTo(new[] { ":status: 307", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT", "location: https://www.example.com" }));
        Assert.That((decoder.Table.Count, decoder.Table.Size), Is.EqualTo((4, 222)));
        Assert.That(Decode(decoder, third), Is.EqualTo(new[]
        {
            ":status: 200", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:22 GMT", "location: https://www.example.com", "content-encoding: gzip",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        }));
        Assert.That((decoder.Table.Count, decoder.Table.Size), Is.EqualTo((3, 215)));
    }

    [TestCase("80", TestName = "Index 0")]
    [TestCase("be", TestName = "An index behind the last")]
    [TestCase("7f80808080808080808000", TestName = "An integer without an end")]
    [TestCase("ff", TestName = "An integer that is not whole")]
    [TestCase("40", TestName = "A literal without a name")]
    [TestCase("4003616263", TestName = "A literal without a value")]
    [TestCase("40057878", TestName = "A string that is not whole")]
    [TestCase("408141ff", TestName = "A name that is no code")]
    [TestCase("3fe21f", TestName = "A table that is larger than was agreed on")]
    [TestCase("8220", TestName = "A change of the table's size behind a field")]
    public void What_cannot_be_understood_is_refused(string block) => Assert.That(Decode(new HpackDecoder(), block), Is.Null);

    [Test]
    public void A_field_that_is_larger_than_the_table_empties_it()
    {
        var decoder = new HpackDecoder();
        Decode(decoder, "828684410f7777772e6578616d706c652e636f6d");
        var fields = new HeaderList();
        var large = new byte[] { 0x40, 1, (byte)'a', 0x7f, 0x81, 0x1f }.Concat(Enumerable.Repeat((byte)'x', 127 + 1 + (31 * 128))).ToArray();
        ReadOnlySpan<byte> block = large;
        Assert.That(decoder.TryRead(ref block, fields, int.MaxValue, out var field), Is.True);
        Assert.That((field.ValueLength, decoder.Table.Count, decoder.Table.Size), Is.EqualTo((127 + 1 + (31 * 128), 0, 0)));
    }

    [Test]
    public void Any_fields_come_back_however_they_were_written_and_the_table_stays_within_its_size() => Prop.ForAll<int>(seed =>
    {
        var random = new Random(seed);
        var (decoder, peer) = (new HpackDecoder(), new PlainEncoder(random));
        for (var number = 0; number < 20; number++)
        {
            var fields = Enumerable.Range(0, random.Next(1, 30)).Select(_ => (Name: Word(random, 1, 20), Value: Word(random, 0, 400))).ToList();
            if (!fields.Select(field => $"{field.Name}: {field.Value}").SequenceEqual(Decode(decoder, Convert.ToHexString(peer.Write(fields)))!) || decoder.Table.Size > 4096)
            {
                return false;
            }
        }

        return true;
    }).QuickCheckThrowOnFailure();

    // From a small set, so that many come again.
    private static string Word(Random random, int least, int most)
    {
        var word = new Random(random.Next(40));
        return new string([.. Enumerable.Range(0, word.Next(least, most)).Select(_ => (char)word.Next('a', 'z' + 1))]);
    }

    /// <summary>The fields of a block; null where it is refused.</summary>
    private static string[]? Decode(HpackDecoder decoder, string hex)
    {
        var list = new HeaderList();
        var lines = new List<string>();
        ReadOnlySpan<byte> block = Convert.FromHexString(hex);
        if (!decoder.TryBegin(ref block))
        {
            return null;
        }

        while (!block.IsEmpty)
        {
            if (!decoder.TryRead(ref block, list, int.MaxValue, out var field))
            {
                return null;
            }

            var start = list.Take(field.LineLength);
            lines.Add(Encoding.Latin1.GetString(list.Bytes.Slice(start, field.LineLength - 2)));
        }

        return [.. lines];
    }
}
