using System.Globalization;
using System.Text.RegularExpressions;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;

namespace LoadBalancer.Http.Tests.Server.Http1;

/// <summary>What is true of every chunked body, be it well-formed or made to be read in two ways.</summary>
public sealed partial class ChunkedPropertyTests
{
    private const int Bodies = 50_000;

    private static readonly string[] Corpus =
    [
        "5\r\nabcde\r\n0\r\n\r\n",
        "A;x=y\r\n0123456789\r\n1\r\na\r\n000\r\nDigest: x\r\nEtag:  y \r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "0\r\n\r\nX",
        "3\r\na\r\n\r\n2;a;b\r\n\r\n\r\n0;z\r\n\r\n",
    ];

    private static readonly string[] Words = ["\r", "\n", "\r\n", "\r\n\r\n", "\0", " ", "\t", ";", "0", "0\r\n", "1", "0x", "-", "+", "_", "ffffffffffffffff", "8000000000000000", "X: y\r\n"];

    [Test]
    public void Fifty_thousand_malformed_bodies_are_read_as_a_reader_without_a_doubt_reads_them_or_are_refused()
    {
        var mutations = new Mutations(4, Corpus, Words);
        var random = new Random(5);
        var body = new Http1BodyReader();
        var whole = 0;
        for (var count = 0; count < Bodies; count++)
        {
            var text = mutations.Next();
            var pipe = PipeText.Open();
            body.Start(pipe.Reader, BodyFraming.Chunked, 0, ofRequest: true);
            var (data, fault) = ("", FaultKind.None);
            for (var at = 0; at < text.Length;)
            {
                var end = Math.Min(text.Length, at + 1 + random.Next(8));
                pipe.Send(text[at..end]);
                at = end;
                if (!body.IsAtEnd && fault == FaultKind.None)
                {
                    (var more, _, fault) = body.ReadAll();
                    data += more;
                }
            }

            var naive = Naive(text);
            Assert.That(
                body.IsAtEnd ? (data, pipe.Left()) : default((string, string)?), Is.EqualTo(naive),
                () => text.Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal));
            whole += naive is null ? 0 : 1;
        }

        Assert.That(whole, Is.GreaterThan(Bodies / 20), "or the mutations say nothing");
    }

    // The data and what is behind the body; null where it is not whole, or broken.
    private static (string Data, string Left)? Naive(string text)
    {
        var data = "";
        while (true)
        {
            var size = Size().Match(text);
            if (!size.Success || !long.TryParse(size.Groups[1].Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bytes) || bytes < 0)
            {
                return null;
            }

            text = text[size.Length..];
            if (bytes == 0)
            {
                var trailers = Trailers().Match(text);
                return trailers.Success ? (data, text[trailers.Length..]) : null;
            }

            if (text.Length < bytes + 2 || text.Substring((int)bytes, 2) != "\r\n")
            {
                return null;
            }

            data += text[..(int)bytes];
            text = text[((int)bytes + 2)..];
        }
    }

    [GeneratedRegex(@"\A([0-9A-Fa-f]{1,16})(;[\t -~\x80-\xfe]*)?\r\n")]
    private static partial Regex Size();

    [GeneratedRegex(@"\A([!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xfe]*\r\n)*\r\n")]
    private static partial Regex Trailers();
}
