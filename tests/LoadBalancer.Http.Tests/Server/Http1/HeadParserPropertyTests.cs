using System.Buffers;
using System.IO.Pipelines;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;

namespace LoadBalancer.Http.Tests.Server.Http1;

/// <summary>What is true of every head, be it well-formed or made to be read in two ways.</summary>
public sealed class HeadParserPropertyTests
{
    private const int Requests = 100_000;

    private static readonly string[] Corpus =
    [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a/b?c=d&e=%20 HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\nCookie: a=b; c=d\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close, x\r\n\r\n",
        "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost:[::1]:80\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\nX:  y\t \r\n\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
    ];

    private static readonly string[] Words =
    [
        "\r", "\n", "\r\n", "\r\n\r\n", "\n\n", "\0", " ", "\t", "\v", ":", ",", ";", "\u00ff", "\u0080", "#", "?", "*", "chunked", "identity", "Host: b\r\n",
        "Content-Length: 5\r\n", "Content-Length: +5\r\n", "\r\nContent-Length: 0", "Transfer-Encoding: chunked\r\n", "\r\nTransfer-Encoding:chunked", " HTTP/1.1",
        " HTTP/1.0\r\n", "HTTP/1.2", "http://", "https://a", "CONNECT", "OPTIONS *", "18446744073709551616", "-1", "0x", "Connection: close\r\n", "\r\n ", "[::1]", "@",
    ];

    [Test]
    public void One_hundred_thousand_malformed_requests_are_read_as_a_reader_without_a_doubt_reads_them_or_are_refused()
    {
        var mutations = new Mutations(1, Corpus, Words);
        var (head, again) = (new RequestHead(), new RequestHead());
        var pipe = PipeText.Open();
        var (accepted, allocated) = (0, 0L);
        for (var request = 0; request < Requests; request++)
        {
            var text = mutations.Next();
            var buffer = Heads.Bytes(text);
            var scan = default(HeadScan);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var status = HeadParser.TryReadRequest(buffer, head, HeadLimits.Default, ref scan, out var consumed, out var fault);
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;

            var naive = RequestReading.Naive(text);
            var read = status == HeadStatus.Complete ? RequestReading.Of(head, (int)buffer.Slice(0, consumed).Length) : null;
            Assert.That(read, Is.EqualTo(naive), () => Shown(text, status, fault));
            Assert.That(fault != FaultKind.None, Is.EqualTo(status == HeadStatus.Failed), () => Shown(text, status, fault));
            if (status == HeadStatus.Complete)
            {
                accepted++;
                Assert.That(Rewritten(pipe, head, again), Is.EqualTo(WithoutConnection(head)), () => Shown(text, status, fault));
            }
        }

        Assert.That(accepted, Is.GreaterThan(Requests / 20), "or the mutations say nothing");
        Assert.That(allocated, Is.LessThan(64 * 1024), "bytes allocated by all of them");
    }

    [Test]
    public void Any_split_of_the_bytes_gives_the_same_result()
    {
        var mutations = new Mutations(2, Corpus, Words);
        Prop.ForAll(
            Gen.Constant(0).SelectMany(_ => Pieces.Of(mutations.Next())).ToArbitrary(),
            pieces =>
            {
                var text = string.Concat(pieces);
                var expected = ReadWhole(Heads.Bytes(text));
                return ReadInPieces(pieces) == expected && ReadWhole(Chained(pieces)) == expected;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(10_000));
    }

    [Test]
    public void Any_split_of_the_bytes_gives_the_same_result_at_the_limits()
    {
        var limits = new HeadLimits(120, 3, 40);
        string[] corpus =
        [
            "GET /" + new string('a', 60) + " HTTP/1.1\r\nHost: a\r\n\r\n",
            new string('A', 130) + " / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\nE: f\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nA: " + new string('b', 100) + "\r\n\r\n",
        ];
        var mutations = new Mutations(3, corpus, Words);
        Prop.ForAll(
            Gen.Constant(0).SelectMany(_ => Pieces.Of(mutations.Next())).ToArbitrary(),
            pieces => ReadInPieces(pieces, limits) == ReadWhole(Heads.Bytes(string.Concat(pieces)), limits)).Check(Config.QuickThrowOnFailure.WithMaxTest(10_000));
    }

    private static string Shown(string text, HeadStatus status, FaultKind fault) =>
        $"{status} {fault}: {text.Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}";

    // What an endpoint would read of what is sent on.
    private static RequestReading Rewritten(Pipe pipe, RequestHead head, RequestHead again)
    {
        HeadWriter.WriteRequest(pipe.Writer, head, head.Target, default, false, head.Framing, head.ContentLength, ConnectionOption.None);
        var text = pipe.Taken();
        var buffer = Heads.Bytes(text);
        var scan = default(HeadScan);
        Assert.That(
            HeadParser.TryReadRequest(buffer, again, HeadLimits.Default, ref scan, out var consumed, out _), Is.EqualTo(HeadStatus.Complete), text);
        Assert.That(buffer.Slice(consumed).IsEmpty, text);
        var read = WithoutConnection(again);
        Assert.That(RequestReading.Naive(text), Is.Not.Null, text);
        return read;
    }

    // All that has to stay; the version and the connection are lb's own.
    private static RequestReading WithoutConnection(RequestHead head)
    {
        string[] own = ["connection:", "content-length:", "transfer-encoding:", "upgrade:", "keep-alive:", "proxy-connection:", "http2-settings:", "x-content-length:"];
        var read = RequestReading.Of(head, 0);
        var fields = read.Fields.Split('\n').Where(field => !own.Any(name => field.StartsWith(name, StringComparison.OrdinalIgnoreCase)));
        return read with { Line = read.Line[..read.Line.LastIndexOf(' ')], Fields = string.Join('\n', fields), KeepsAlive = true };
    }

    private static (HeadStatus Status, FaultKind Fault, RequestReading? Reading) ReadWhole(ReadOnlySequence<byte> buffer, HeadLimits? limits = null)
    {
        var head = new RequestHead();
        var scan = default(HeadScan);
        var status = HeadParser.TryReadRequest(buffer, head, limits ?? HeadLimits.Default, ref scan, out var consumed, out var fault);
        return (status, fault, status == HeadStatus.Complete ? RequestReading.Of(head, (int)buffer.Slice(0, consumed).Length) : null);
    }

    private static (HeadStatus Status, FaultKind Fault, RequestReading? Reading) ReadInPieces(string[] pieces, HeadLimits? limits = null)
    {
        var head = new RequestHead();
        var scan = default(HeadScan);
        for (var count = 1; count <= pieces.Length; count++)
        {
            var buffer = Chained(pieces[..count]);
            var status = HeadParser.TryReadRequest(buffer, head, limits ?? HeadLimits.Default, ref scan, out var consumed, out var fault);
            if (status != HeadStatus.Incomplete)
            {
                return (status, fault, status == HeadStatus.Complete ? RequestReading.Of(head, (int)buffer.Slice(0, consumed).Length) : null);
            }
        }

        return (HeadStatus.Incomplete, FaultKind.None, null);
    }

    private static ReadOnlySequence<byte> Chained(string[] pieces)
    {
        var first = new Segment(Heads.Bytes(pieces[0]).First, 0);
        var last = pieces.Skip(1).Aggregate(first, (before, piece) => before.Append(Heads.Bytes(piece).First));
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long runningIndex) => (Memory, RunningIndex) = (memory, runningIndex);

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
