using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Http.Server.Http2.Hpack;

namespace LoadBalancer.Http.Tests.Server.Http2.Hpack;

/// <summary>The code of RFC 7541 appendix B.</summary>
public sealed class HuffmanTests
{
    // Appendices C.4 and C.6.
    [TestCase("www.example.com", "f1e3c2e5f23a6ba0ab90f4ff")]
    [TestCase("no-cache", "a8eb10649cbf")]
    [TestCase("custom-key", "25a849e95ba97d7f")]
    [TestCase("custom-value", "25a849e95bb8e8b4bf")]
    [TestCase("302", "6402")]
    [TestCase("private", "aec3771a4b")]
    [TestCase("Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff")]
    [TestCase("https://www.example.com", "9d29ad171863c78f0b97c8e9ae82ae43d3")]
    [TestCase("foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1", "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007")]
    public void It_is_that_of_the_RFC(string text, string code)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        var coded = new byte[Huffman.LengthOf(bytes)];
        Assert.That(Huffman.Encode(bytes, coded), Is.EqualTo(coded.Length));
        Assert.That(Convert.ToHexStringLower(coded), Is.EqualTo(code));
        Assert.That(Decode(coded), Is.EqualTo(bytes));
    }

    [Test]
    public void Whatever_is_encoded_is_decoded() => Prop.ForAll<byte[]>(bytes =>
    {
        var coded = new byte[Huffman.LengthOf(bytes)];
        Huffman.Encode(bytes, coded);
        return Decode(coded)!.AsSpan().SequenceEqual(bytes);
    }).QuickCheckThrowOnFailure();

    [Test]
    public void Each_byte_has_a_code()
    {
        for (var symbol = 0; symbol < 256; symbol++)
        {
            byte[] bytes = [(byte)symbol, (byte)'a', (byte)symbol];
            var coded = new byte[Huffman.LengthOf(bytes)];
            Huffman.Encode(bytes, coded);
            Assert.That(Decode(coded), Is.EqualTo(bytes));
        }
    }

    [TestCase("ff", TestName = "A byte of padding")]
    [TestCase("ffff", TestName = "Padding beyond a byte")]
    [TestCase("1e", TestName = "Padding of zeros")]
    [TestCase("fffffffc", TestName = "The end of string")]
    [TestCase("fffffffff0", TestName = "The end of string, padded")]
    public void What_is_no_code_is_refused(string code) => Assert.That(Decode(Convert.FromHexString(code)), Is.Null);

    [Test]
    public void Any_bytes_are_decoded_within_their_room() => Prop.ForAll<byte[]>(bytes =>
    {
        var decoded = Decode(bytes);
        if (decoded is null)
        {
            return true;
        }

        var coded = new byte[Huffman.LengthOf(decoded)];
        Huffman.Encode(decoded, coded);
        return coded.AsSpan().SequenceEqual(bytes);
    }).QuickCheckThrowOnFailure();

    private static byte[]? Decode(byte[] code)
    {
        var text = new byte[Huffman.MostDecoded(code.Length)];
        return Huffman.Decode(code, text) is var length and >= 0 ? text[..length] : null;
    }
}
