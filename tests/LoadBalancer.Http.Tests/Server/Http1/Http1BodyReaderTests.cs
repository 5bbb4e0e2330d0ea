using System.Buffers;
using System.IO.Pipelines;
using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Server.Http1;

public sealed class Http1BodyReaderTests
{
    [Test]
    public void Reads_as_many_bytes_as_announced_and_leaves_the_rest()
    {
        var (pipe, body) = Begin(BodyFraming.Length, 5);
        pipe.Send("abcdeGET /");

        Assert.That(body.ReadAll(), Is.EqualTo(("abcde", true, FaultKind.None)));
        Assert.That((body.BytesRead, body.RemainingBytes, pipe.Left()), Is.EqualTo((5L, 0L, "GET /")));
    }

    [Test]
    public void Tells_the_end_with_the_last_data()
    {
        var (pipe, body) = Begin(BodyFraming.Chunked);
        pipe.Send("3\r\nabc\r\n0\r\n\r\nGET /");

        Assert.That(body.TryRead(out var part));
        Assert.That((Heads.Text(part.Data.ToArray()), part.IsLast, body.IsAtEnd), Is.EqualTo(("abc", true, false)));
        body.Advance();
        Assert.That((body.IsAtEnd, pipe.Left()), Is.EqualTo((true, "GET /")));
    }

    [Test]
    public void Says_that_nothing_is_there_where_only_framing_came()
    {
        var (pipe, body) = Begin(BodyFraming.Chunked);
        pipe.Send("3\r");

        Assert.That(body.TryRead(out _), Is.False);
        pipe.Send("\nab");
        Assert.That(body.ReadAll(), Is.EqualTo(("ab", false, FaultKind.None)));
        pipe.Send("c\r\n0");
        Assert.That(body.ReadAll(), Is.EqualTo(("c", false, FaultKind.None)));
        pipe.Send("\r\n\r\n");
        Assert.That(body.ReadAll(), Is.EqualTo(("", true, FaultKind.None)));
    }

    [TestCase("5;\nabcde\r\n0\r\n\r\n", TestName = "S8 a line feed in an extension")]
    [TestCase("5;a\rb\r\nabcde\r\n0\r\n\r\n", TestName = "S8 a carriage return in an extension")]
    [TestCase("5;\n\r\nabcde\r\n0\r\n\r\n", TestName = "S8 a line feed before the line's end")]
    [TestCase("5\nabcde\r\n0\r\n\r\n", TestName = "S8 a bare line feed behind the size")]
    [TestCase("5\rabcde\r\n0\r\n\r\n", TestName = "S8 a bare carriage return behind the size")]
    [TestCase("0x5\r\nabcde\r\n0\r\n\r\n", TestName = "S8 a size with a prefix")]
    [TestCase("0_5\r\nabcde\r\n0\r\n\r\n", TestName = "S8 a size with an underscore")]
    [TestCase(" 5\r\nabcde\r\n0\r\n\r\n", TestName = "S8 a space before the size")]
    [TestCase("5 \r\nabcde\r\n0\r\n\r\n", TestName = "S8 a space behind the size")]
    [TestCase("5 ;a\r\nabcde\r\n0\r\n\r\n", TestName = "S8 a space before the extension")]
    [TestCase("+5\r\nabcde\r\n0\r\n\r\n", TestName = "S8 a size with a plus")]
    [TestCase("-5\r\nabcde\r\n0\r\n\r\n", TestName = "S18 a negative size")]
    [TestCase("\r\nabcde\r\n0\r\n\r\n", TestName = "S8 an empty size")]
    [TestCase(";a\r\nabcde\r\n0\r\n\r\n", TestName = "S8 an extension without a size")]
    [TestCase("g\r\nabcde\r\n0\r\n\r\n", TestName = "S8 a size that is no number")]
    [TestCase("100000000000000005\r\nabcde\r\n0\r\n\r\n", TestName = "S9 a size beyond 64 bits")]
    [TestCase("8000000000000005\r\nabcde\r\n0\r\n\r\n", TestName = "S9 a size with the sign's bit")]
    [TestCase("00000000000000005\r\nabcde\r\n0\r\n\r\n", TestName = "S9 a size of 17 digits")]
    [TestCase("5;a\u00ff\r\nabcde\r\n0\r\n\r\n", TestName = "S8 a byte 0xFF in an extension")]
    public void Refuses_a_size_that_may_be_read_in_two_ways(string text)
    {
        foreach (var ofRequest in new[] { true, false })
        {
            var (pipe, body) = Begin(BodyFraming.Chunked, ofRequest: ofRequest);
            pipe.Send(text);

            Assert.That(body.ReadAll(), Is.EqualTo(("", false, ofRequest ? FaultKind.BodyInvalid : FaultKind.ResponseInvalid)));
        }
    }

    [TestCase("5\r\nabcdef\r\n0\r\n\r\n", TestName = "S8 more data than the size")]
    [TestCase("5\r\nabcde\n0\r\n\r\n", TestName = "S8 a bare line feed behind the data")]
    [TestCase("5\r\nabcde\r0\r\n\r\n", TestName = "S8 a bare carriage return behind the data")]
    [TestCase("5\r\nabcde0\r\n\r\n", TestName = "S8 no line end behind the data")]
    [TestCase("5\r\nabcde\r\n0\r\nX: y\n\r\n", TestName = "S11 a bare line feed in trailers")]
    [TestCase("5\r\nabcde\r\n0\r\nno colon\r\n\r\n", TestName = "S11 trailers that are no fields")]
    [TestCase("5\r\nabcde\r\n0\r\n X: y\r\n\r\n", TestName = "S11 trailers that begin with a space")]
    [TestCase("5\r\nabcde\r\n0\r\n\n", TestName = "S8 a bare line feed as the empty line")]
    public void Gives_what_came_before_a_broken_rule_and_then_the_fault(string text)
    {
        var (pipe, body) = Begin(BodyFraming.Chunked);
        pipe.Send(text);

        Assert.That(body.ReadAll(), Is.EqualTo(("abcde", false, FaultKind.BodyInvalid)));
        Assert.That(body.ReadAll(), Is.EqualTo(("", false, FaultKind.BodyInvalid)), "and again");
    }

    [Test(Description = "S10")]
    public void Refuses_a_long_extension()
    {
        var (pipe, body) = Begin(BodyFraming.Chunked);
        pipe.Send("5;" + new string('a', 5000));

        Assert.That(body.ReadAll().Fault, Is.EqualTo(FaultKind.BodyInvalid));
    }

    [Test(Description = "S10")]
    public void Refuses_many_chunks_with_extensions()
    {
        var (pipe, body) = Begin(BodyFraming.Chunked);
        pipe.Send(string.Concat(Enumerable.Repeat($"1;{new string('a', 100)}\r\nx\r\n", 1000)));

        var (data, _, fault) = body.ReadAll();
        Assert.That((data.Length, fault), Is.EqualTo((81, FaultKind.BodyInvalid)));
    }

    [Test]
    public void Passes_over_an_extension()
    {
        var (pipe, body) = Begin(BodyFraming.Chunked);
        pipe.Send("5;a=\"b\tc\"\r\nabcde\r\n000;z\r\n\r\n");

        Assert.That(body.ReadAll(), Is.EqualTo(("abcde", true, FaultKind.None)));
    }

    [Test]
    public void Keeps_trailers_apart()
    {
        var (pipe, body) = Begin(BodyFraming.Chunked, ofRequest: false);
        pipe.Send("0\r\ngrpc-status: 0\r\nX-Sum: 1\r\n\r\n");

        Assert.That(body.Trailers, Is.Null);
        Assert.That(body.ReadAll(), Is.EqualTo(("", true, FaultKind.None)));
        Assert.That(Kept(body), Is.EqualTo(new[] { "grpc-status: 0", "X-Sum: 1" }));
    }

    [TestCase("Content-Length: 5")]
    [TestCase("Transfer-Encoding: chunked")]
    [TestCase("Host: a")]
    [TestCase("Authorization: Basic x")]
    [TestCase("Cookie: a=b")]
    [TestCase("Set-Cookie: a=b")]
    [TestCase("Connection: close")]
    [TestCase("X-User-Id: 1")]
    [TestCase("x-forwarded-for: 1.2.3.4")]
    [TestCase("Forwarded: for=1.2.3.4")]
    [TestCase("Remote_User: 1")]
    [TestCase("REMOTE-USER: 1")]
    [TestCase("Content-Encoding: gzip")]
    [TestCase("WWW-Authenticate: Basic")]
    public void Drops_trailers_of_a_client_that_say_what_a_head_says(string field)
    {
        var (pipe, body) = Begin(BodyFraming.Chunked);
        pipe.Send($"0\r\n{field}\r\nSome-Sum: 1\r\n\r\n");

        Assert.That(body.ReadAll().IsAtEnd);
        Assert.That(Kept(body), Is.EqualTo(new[] { "Some-Sum: 1" }));

        body.Start(pipe.Reader, BodyFraming.Chunked, 0, ofRequest: true);
        pipe.Send($"0\r\n{field}\r\n\r\n");
        Assert.That(body.ReadAll().IsAtEnd);
        Assert.That(body.Trailers, Is.Null);
    }

    [Test]
    public void Refuses_trailers_that_are_too_many_or_too_large()
    {
        foreach (var trailers in new[] { string.Concat(Enumerable.Repeat("X: y\r\n", 33)), "X: " + new string('y', 8200) })
        {
            var (pipe, body) = Begin(BodyFraming.Chunked);
            pipe.Send("0\r\n" + trailers);

            Assert.That(body.ReadAll().Fault, Is.EqualTo(FaultKind.BodyInvalid));
        }
    }

    [Test]
    public void A_body_up_to_the_end_of_the_connection_ends_with_it()
    {
        var (pipe, body) = Begin(BodyFraming.Close, ofRequest: false);
        pipe.Send("abc");
        Assert.That(body.ReadAll(), Is.EqualTo(("abc", false, FaultKind.None)));

        pipe.Writer.Complete();
        Assert.That(body.ReadAll(), Is.EqualTo(("", true, FaultKind.None)));
    }

    [TestCase((int)BodyFraming.Length, "ab")]
    [TestCase((int)BodyFraming.Length, "")]
    [TestCase((int)BodyFraming.Chunked, "2\r\nab")]
    [TestCase((int)BodyFraming.Chunked, "2\r\nab\r\n")]
    [TestCase((int)BodyFraming.Chunked, "2\r\nab\r\n0\r\nX: y\r\n")]
    [TestCase((int)BodyFraming.Chunked, "")]
    public void A_connection_that_ends_within_a_body_is_a_fault(int framing, string text)
    {
        foreach (var ofRequest in new[] { true, false })
        {
            var (pipe, body) = Begin((BodyFraming)framing, 3, ofRequest);
            pipe.Send(text);
            pipe.Writer.Complete();

            Assert.That(
                body.ReadAll(),
                Is.EqualTo((text.Contains("ab", StringComparison.Ordinal) ? "ab" : "", false, ofRequest ? FaultKind.ClientClosed : FaultKind.ResponseTruncated)));
        }
    }

    [TestCase((int)BodyFraming.None)]
    [TestCase((int)BodyFraming.Length)]
    public void An_empty_body_is_at_its_end_at_once(int framing)
    {
        var (pipe, body) = Begin((BodyFraming)framing);
        pipe.Send("GET /");

        Assert.That(body.IsAtEnd);
        Assert.That(body.TryRead(out var part) && part is { IsLast: true, Data.IsEmpty: true });
        body.Advance();
        Assert.That(pipe.Left(), Is.EqualTo("GET /"));
    }

    [TestCase((int)BodyFraming.Length, "abcd")]
    [TestCase((int)BodyFraming.Chunked, "4\r\nabcd\r\n")]
    public void A_body_beyond_its_limit_is_a_fault(int framing, string text)
    {
        var (pipe, body) = Begin((BodyFraming)framing, 4);
        body.Limit = 3;
        pipe.Send(text);

        Assert.That(body.ReadAll(), Is.EqualTo(("", false, FaultKind.BodyTooLarge)));
    }

    [Test]
    public void A_body_of_just_its_limit_is_none()
    {
        var (pipe, body) = Begin(BodyFraming.Chunked, 4);
        body.Limit = 4;
        pipe.Send("2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n");

        Assert.That(body.ReadAll(), Is.EqualTo(("abcd", true, FaultKind.None)));
    }

    [Test]
    public async Task Somebody_who_waits_gets_what_comes()
    {
        var (pipe, body) = Begin(BodyFraming.Chunked);
        var read = body.ReadAsync();
        pipe.Send("3\r\n");
        Assert.That(read.IsCompleted, Is.False, "framing alone");
        pipe.Send("abc");

        Assert.That(Heads.Text((await read).Data.ToArray()), Is.EqualTo("abc"));
        body.Advance();
    }

    [Test]
    public async Task Cancelling_ends_a_wait_and_every_later_one()
    {
        var (pipe, body) = Begin(BodyFraming.Length, 5);
        var read = body.ReadAsync();
        body.Cancel();

        Assert.That((await read).Fault, Is.EqualTo(FaultKind.ClientClosed));
        pipe.Send("abcde");
        Assert.That(body.ReadAll(), Is.EqualTo(("", false, FaultKind.ClientClosed)));
        Assert.That(pipe.Left(), Is.EqualTo("abcde"));
    }

    [Test]
    public async Task A_read_that_the_connection_cancels_is_late()
    {
        var (pipe, body) = Begin(BodyFraming.Length, 5);
        var read = body.ReadAsync();
        pipe.Reader.CancelPendingRead();

        Assert.That((await read).Fault, Is.EqualTo(FaultKind.BodyTimeout));
    }

    [Test]
    public void Counts_what_is_taken_past_it()
    {
        var (pipe, body) = Begin(BodyFraming.Length, 5);
        pipe.Send("ab");
        Assert.That(body.ReadAll().Data, Is.EqualTo("ab"));

        body.Consume(3);

        Assert.That((body.BytesRead, body.RemainingBytes, body.IsAtEnd), Is.EqualTo((5L, 0L, true)));
    }

    [Test]
    public void Reads_the_same_in_whatever_pieces() =>
        Prop.ForAll(
            Pieces.OfText("5;ext=1\r\nabcde\r\n1\r\nf\r\nA\r\n0123456789\r\n0\r\nDigest: x\r\nX-Sum: 1\r\n\r\nGET / HTTP/1.1"),
            pieces =>
            {
                var (pipe, body) = Begin(BodyFraming.Chunked, ofRequest: false);
                var data = "";
                foreach (var piece in pieces)
                {
                    pipe.Send(piece);
                    data += body.IsAtEnd ? "" : body.ReadAll().Data;
                }

                return data == "abcdef0123456789" && body.IsAtEnd && Kept(body).Count == 2 && pipe.Left() == "GET / HTTP/1.1";
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Test]
    public void Says_the_same_of_broken_bodies_in_whatever_pieces() =>
        Prop.ForAll(
            Gen.Elements("5;\nabcde", "2\r\nabc\r\n", "1\r\na\r\n0\r\nX y\r\n\r\n", "1\r\na\r\n0\r\nX: y\n\r\n", "10000000000000000\r\n", "1\r\na\rb").SelectMany(Pieces.Of)
                .ToArbitrary(),
            pieces =>
            {
                var (whole, body) = Begin(BodyFraming.Chunked);
                whole.Send(string.Concat(pieces));
                var expected = body.ReadAll();

                var (pipe, split) = Begin(BodyFraming.Chunked);
                var data = "";
                var fault = FaultKind.None;
                foreach (var piece in pieces)
                {
                    pipe.Send(piece);
                    var read = split.ReadAll();
                    data += read.Data;
                    fault = read.Fault;
                }

                return data == expected.Data && fault == expected.Fault && fault == FaultKind.BodyInvalid;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Test]
    public void Allocates_nothing_once_warm()
    {
        var pipe = PipeText.Open();
        var body = new Http1BodyReader();
        var text = Heads.Bytes("5\r\nabcde\r\n3;x\r\nfgh\r\n0\r\nDigest: x\r\n\r\n").ToArray();

        Assert.That(
            Allocations.Of(() =>
            {
                for (var message = 0; message < 100; message++)
                {
                    body.Start(pipe.Reader, BodyFraming.Chunked, 0, ofRequest: true);
                    var waiting = body.ReadAsync();
                    pipe.Writer.Write(text);
                    pipe.Writer.FlushAsync().Now();
                    var part = waiting.Now();
                    body.Advance();
                    while (!body.IsAtEnd && body.TryRead(out part))
                    {
                        body.Advance();
                    }
                }
            }),
            Is.Zero);
        Assert.That(body.IsAtEnd);
    }

    private static (Pipe Pipe, Http1BodyReader Body) Begin(BodyFraming framing, long length = 0, bool ofRequest = true)
    {
        var pipe = PipeText.Open();
        var body = new Http1BodyReader();
        body.Start(pipe.Reader, framing, length, ofRequest);
        return (pipe, body);
    }

    private static List<string> Kept(Http1BodyReader body)
    {
        var trailers = body.Trailers!;
        return [.. Enumerable.Range(0, trailers.Count).Where(at => !trailers[at].Removed).Select(at => $"{Heads.Text(trailers.Name(at))}: {Heads.Text(trailers.Value(at))}")];
    }
}
