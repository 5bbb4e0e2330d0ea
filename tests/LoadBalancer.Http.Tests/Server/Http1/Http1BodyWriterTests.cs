using System.Buffers;
using System.IO.Pipelines;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Server.Http1;

public sealed class Http1BodyWriterTests
{
    [Test]
    public void Writes_a_body_of_a_length_as_it_is()
    {
        var (pipe, body) = Begin(BodyFraming.Length, 5);
        body.Write(Heads.Bytes("abc"));
        body.Write(Heads.Bytes("de"));
        Assert.That((body.Unflushed, body.BytesWritten, body.RemainingBytes), Is.EqualTo((5L, 5L, 0L)));
        body.End(null);

        Assert.That(pipe.Taken(), Is.EqualTo("abcde"));
    }

    [Test]
    public void Never_writes_more_or_less_than_announced()
    {
        var (pipe, body) = Begin(BodyFraming.Length, 3);
        Assert.That(() => body.Write(Heads.Bytes("abcd")), Throws.InvalidOperationException);
        body.Write(Heads.Bytes("ab"));
        Assert.That(() => body.End(null), Throws.InvalidOperationException);
        Assert.That(pipe.Taken(), Is.EqualTo("ab"));
    }

    [Test]
    public void Writes_each_part_as_a_chunk_and_none_for_nothing()
    {
        var (pipe, body) = Begin(BodyFraming.Chunked);
        body.Write(Heads.Bytes("abc"));
        body.Write(ReadOnlySequence<byte>.Empty);
        body.Write(Heads.Bytes(new string('x', 26)));
        body.End(null);

        Assert.That(pipe.Taken(), Is.EqualTo($"3\r\nabc\r\n1a\r\n{new string('x', 26)}\r\n0\r\n\r\n"));
    }

    [Test]
    public void Writes_trailers_without_the_removed_ones_and_the_framing()
    {
        var trailers = new HeaderList();
        trailers.Add("Digest"u8, "x"u8);
        trailers.Add("Gone"u8, "x"u8);
        trailers.Add("Content-Length"u8, "5"u8);
        trailers.Remove("Gone"u8);
        var (pipe, body) = Begin(BodyFraming.Chunked);
        body.End(trailers);

        Assert.That(pipe.Taken(), Is.EqualTo("0\r\nDigest: x\r\n\r\n"));
    }

    [TestCase((int)BodyFraming.None, "")]
    [TestCase((int)BodyFraming.Close, "abc")]
    public void Writes_no_framing_where_there_is_none(int framing, string expected)
    {
        var (pipe, body) = Begin((BodyFraming)framing);
        body.Write(Heads.Bytes("abc"));
        body.End(new HeaderList());

        Assert.That(pipe.Taken(), Is.EqualTo(expected));
    }

    [Test]
    public async Task Says_that_the_receiver_is_gone()
    {
        var (pipe, body) = Begin(BodyFraming.Close);
        body.Write(Heads.Bytes("abc"));
        Assert.That(await body.FlushAsync());
        pipe.Reader.Complete();

        Assert.That(await body.FlushAsync(), Is.False);
    }

    [Test]
    public void Chunks_are_read_back_as_they_were_whatever_their_number_and_size() =>
        Prop.ForAll<byte[][]>(parts =>
        {
            var (pipe, writer) = Begin(BodyFraming.Chunked);
            var reader = new Http1BodyReader();
            reader.Start(pipe.Reader, BodyFraming.Chunked, 0, ofRequest: true);
            var read = "";
            foreach (var part in parts)
            {
                writer.Write(new ReadOnlySequence<byte>(part));
                pipe.Writer.FlushAsync().Now();
                read += reader.ReadAll().Data;
            }

            writer.End(null);
            pipe.Writer.FlushAsync().Now();
            var (rest, ended, fault) = reader.ReadAll();
            return read + rest == string.Concat(parts.Select(part => Heads.Text(part))) && ended && fault == FaultKind.None && pipe.Left() == "";
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [TestCase(1)]
    [TestCase(4070)]
    [TestCase(4095)]
    [TestCase(4096)]
    [TestCase(100_000)]
    public void A_chunk_of_any_size_is_read_back(int size)
    {
        var (pipe, writer) = Begin(BodyFraming.Chunked);
        var data = new string('x', size);
        writer.Write(Heads.Bytes(data));
        writer.End(null);
        pipe.Writer.FlushAsync().Now();
        var reader = new Http1BodyReader();
        reader.Start(pipe.Reader, BodyFraming.Chunked, 0, ofRequest: true);

        Assert.That(reader.ReadAll(), Is.EqualTo((data, true, FaultKind.None)));
    }

    [Test]
    public void Allocates_nothing_once_warm()
    {
        var (pipe, body) = Begin(BodyFraming.Chunked);
        var data = Heads.Bytes(new string('x', 1000));
        Assert.That(
            Allocations.Of(() =>
            {
                for (var message = 0; message < 100; message++)
                {
                    body.Start(pipe.Writer, BodyFraming.Chunked, 0);
                    body.Write(data);
                    body.End(null);
                    body.FlushAsync().Now();
                    pipe.Reader.TryRead(out var result);
                    pipe.Reader.AdvanceTo(result.Buffer.End);
                }
            }),
            Is.Zero);
    }

    private static (Pipe Pipe, Http1BodyWriter Body) Begin(BodyFraming framing, long length = 0)
    {
        var pipe = PipeText.Open();
        var body = new Http1BodyWriter();
        body.Start(pipe.Writer, framing, length);
        return (pipe, body);
    }
}
